internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/<topic>`: a page of its rows, by id; `after` is the `next` of the page before.
    func wholeTopic(_ schema: TopicSchema, _ call: RestCall) -> HttpResponse {
        let query: TopicQuery
        do throws(TopicQuery.Refusal) {
            query = try TopicQuery(call.request.query)
        } catch {
            return problem(400, "Bad request", error.reason)
        }
        let (rows, last) = to.details.rows.page(
            schema, after: query.after, limit: query.limit, for: call.caller.principal)
        let next = last.map { JsonValue.string(TopicQuery.text(after: $0)) } ?? .null
        var response = json([
            "epoch": .string(to.rows.engine.epoch),
            "rev": .integer(Int64(to.rows.engine.revision)), schema.name: .array(rows),
            "next": next,
        ])
        // The revision is that of all topics: it goes on while these rows stay the same.
        response.headers.append(
            ("etag", tag(of: Array(JsonValue.array(rows + [next]).text().utf8))))
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
        do throws(TaskQuery.Refusal) {
            let query = try TaskQuery(call.request.query, known: ["view"])
            if query.isFlower { return flowerWorker(name) }
        } catch {
            return problem(400, "Bad request", error.reason)
        }
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
