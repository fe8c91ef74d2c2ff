internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/<topic>`: all its rows.
    func wholeTopic(_ schema: TopicSchema, _ call: RestCall) -> HttpResponse {
        let rows = to.details.rows.objects(schema, for: call.caller.principal)
        var response = json([
            "epoch": .string(to.rows.engine.epoch),
            "rev": .integer(Int64(to.rows.engine.revision)), schema.name: .array(rows),
        ])
        // The revision is that of all topics: it goes on while these rows stay the same.
        response.headers.append(("etag", tag(of: Array(JsonValue.array(rows).text().utf8))))
        return response
    }

    /// `GET /api/celery/<topic>/{id}`: one row.
    func row(_ schema: TopicSchema, _ call: RestCall) -> HttpResponse {
        object(schema, call).map { json($0) } ?? noRow(schema)
    }

    func noRow(_ schema: TopicSchema) -> HttpResponse {
        problem(404, "Not found", "no such row in \(schema.name)")
    }

    /// `GET /api/celery/workers/{name}`: its row, its processes, and for those who may its settings.
    func worker(_ call: RestCall) -> HttpResponse {
        let name = call.name
        if queryParameters(call.request.query)?["view"] == "flower" { return flowerWorker(name) }
        guard let record = to.feed.fleet.worker(name),
            case .object(var members) = object(Topics.workers, call)
        else { return problem(404, "Not found", "no such worker") }
        members.append(JsonMember("instances", .array(record.instances.map(instance))))
        if call.verdict(on: .settings) == .everything {
            let settings = record.settings.sorted { $0.key < $1.key }.map {
                JsonMember(
                    $0.key, (try? JsonReader.parse($0.value, limits: .celery)) ?? .string($0.value))
            }
            members.append(JsonMember("settings", .object(settings)))
        }
        return json(.object(members))
    }

    // MARK: - Rows

    /// The row that a path names, as its reader may see it.
    func object(_ schema: TopicSchema, _ call: RestCall) -> JsonValue? {
        to.details.rows.object(schema, call.name, for: call.caller.principal)
    }

    /// One process behind a worker name.
    private func instance(_ process: WorkerInstance) -> JsonValue {
        var members = [
            JsonMember("pid", .integer(Int64(process.pid))),
            JsonMember("heartbeat", .number((process.heartbeat * 1000).rounded() / 1000)),
        ]
        for (name, count) in [
            ("active", process.active), ("processed", process.processed), ("seen", process.seen),
            ("expected", process.expected),
        ] {
            if let count { members.append(JsonMember(name, .integer(Int64(count)))) }
        }
        return .object(members)
    }
}
