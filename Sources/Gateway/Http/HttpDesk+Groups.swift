internal import Fleet
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/groups/{id}`: how far a group or a chord is.
    func group(_ call: RestCall) async -> HttpResponse {
        let id = call.name
        guard id.utf8.count <= CeleryLimits.maxIDBytes else {
            return problem(404, "Not found", "no such group is known")
        }
        do throws(BrokerError) {
            guard let progress = try await to.groups.progress(of: id) else {
                return problem(
                    404, "Not found",
                    "no such group is known: only chords, saved groups and groups of tasks that ended leave a trace"
                )
            }
            var members = [JsonMember("id", .string(id))]
            if let size = progress.size {
                members.append(JsonMember("size", .integer(Int64(size))))
            }
            members.append(JsonMember("done", .integer(Int64(progress.done))))
            members.append(JsonMember("chord", .bool(progress.isChord)))
            let tasks = progress.members.map { member -> JsonValue in
                ["id": .string(member.id), "state": .string(member.state)]
            }
            members.append(JsonMember("tasks", .array(tasks)))
            return json(.object(members))
        } catch {
            return problem(
                503, "Service unavailable",
                "the result backend cannot be asked now: \(error.message)", code: 1014)
        }
    }

    /// `POST /api/celery/reconcile`: asks everything anew. It changes nothing at the workers.
    func reconcile() -> HttpResponse {
        guard to.reconcile() else {
            return problem(
                503, "Service unavailable", "the broker does not answer; it is asked once it does",
                code: 1014)
        }
        return json(["state": "reconciling"], status: 202)
    }

    /// `GET /api/celery/differences`: settings and tasks that are not the same on all workers.
    func differences() -> HttpResponse {
        let found = to.feed.fleet.differences().map { difference -> JsonValue in
            let values = difference.values.sorted { $0.key < $1.key }.map { value, workers in
                JsonMember(value, .array(workers.map { .string($0) }))
            }
            return ["name": .string(difference.name), "values": .object(values)]
        }
        return json(["differences": .array(found)])
    }
}
