internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/<topic>`: all its rows.
    func wholeTopic(_ schema: TopicSchema, _ call: RestCall) -> HttpResponse {
        let topic = to.rows.engine.topic(named: schema.name)
        let rows = to.rows.engine.ids(of: topic).sorted().map {
            object(schema, topic, $0, isMasked: call.isMasked)
        }
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

    /// `GET /api/celery/commands/{id}`: its row, and what workers answered if it was a question.
    func command(_ call: RestCall) -> HttpResponse {
        guard case .object(var members) = object(Topics.commands, call) else {
            return noRow(Topics.commands)
        }
        if call.verdict(on: .outcomes) == .everything, let answers = to.commands.answers[call.name]
        {
            members.append(JsonMember("answers", answers))
        }
        return json(.object(members))
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
        let topic = to.rows.engine.topic(named: schema.name)
        guard to.rows.engine.handle(of: call.name, in: topic) != nil else { return nil }
        return object(schema, topic, call.name, isMasked: call.isMasked)
    }

    private func object(
        _ schema: TopicSchema, _ topic: TopicID, _ id: String, isMasked: Bool
    ) -> JsonValue {
        let hidden = isMasked ? Topics.texts(of: schema) : []
        var members = [JsonMember("id", .string(id))]
        for (column, name) in schema.columns.enumerated().dropFirst() {
            let value = to.rows.engine.value(topic, id: id, column: column)
            guard !value.isAbsent else { continue }
            members.append(
                JsonMember(name, hidden.contains(name) ? masked(value) : jsonValue(value)))
        }
        return .object(members)
    }

    func masked(_ value: FieldValue) -> JsonValue {
        if case .text(let text) = value { return .string("(\(text.count) characters)") }
        return "(hidden)"
    }

    func jsonValue(_ value: FieldValue) -> JsonValue {
        switch value {
        case .absent: .null
        case .bool(let flag): .bool(flag)
        case .int(let number): .integer(Int64(number))
        case .double(let number): .number(number)
        case .text(let text): .string(text)
        case .list(let text): (try? JsonReader.parse(text, limits: .celery)) ?? .null
        }
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
