internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/…`.
    func read(_ path: [String], _ request: HttpRequest, _ caller: Caller) -> HttpResponse {
        let role = caller.principal.role
        switch (path.first, path.count) {
        case ("stats", 1): return wholeTopic(Topics.stats, to.rows.stats, role)
        case ("workers", 1): return wholeTopic(Topics.workers, to.rows.workers, role)
        case ("queues", 1): return wholeTopic(Topics.queues, to.rows.queues, role)
        case ("commands", 1): return wholeTopic(Topics.commands, to.rows.commands, role)
        case ("health", 1): return wholeTopic(Topics.health, to.rows.health, role)
        case ("alerts", 1): return wholeTopic(Topics.alerts, to.rows.alerts, role)
        case ("trash", 1): return wholeTopic(Topics.trash, to.rows.trash, role)
        case ("catalog", 1): return json(["commands": CommandReference.json])
        case ("differences", 1): return differences(role)
        case ("workers", 2): return worker(path[1], request, role)
        case ("queues", 2): return row(Topics.queues, to.rows.queues, path[1], role)
        case ("commands", 2): return command(path[1], role)
        case ("events", 1): return events(request, role)
        case ("tasks", 1): return tasks(request, role, only: nil)
        case ("tasks", 2) where path[1] == "active": return tasks(request, role, only: ["STARTED"])
        case ("tasks", 2) where path[1] == "scheduled":
            return tasks(
                request, role, only: ["PENDING", "RECEIVED", "RETRY"], isScheduled: true)
        case ("tasks", 2): return task(path[1], request, role)
        default: return problem(404, "Not found", "there is nothing at this path")
        }
    }

    // MARK: - Rows

    private func wholeTopic(
        _ schema: TopicSchema, _ topic: TopicID, _ role: Role
    ) -> HttpResponse {
        guard Topics.projection(of: schema, for: role) != nil else { return forbidden(role) }
        let rows = to.rows.engine.ids(of: topic).sorted().map { object(schema, topic, $0, role) }
        return json([
            "epoch": .string(to.rows.engine.epoch),
            "rev": .integer(Int64(to.rows.engine.revision)), schema.name: .array(rows),
        ])
    }

    func row(
        _ schema: TopicSchema, _ topic: TopicID, _ id: String, _ role: Role
    ) -> HttpResponse {
        guard Topics.projection(of: schema, for: role) != nil else { return forbidden(role) }
        guard to.rows.engine.handle(of: id, in: topic) != nil else {
            return problem(404, "Not found", "no such row in \(schema.name)")
        }
        return json(object(schema, topic, id, role))
    }

    /// A command's row, and what workers answered to it if it was a question.
    private func command(_ id: String, _ role: Role) -> HttpResponse {
        let answer = row(Topics.commands, to.rows.commands, id, role)
        guard answer.status == 200, role != .viewer, let answers = to.commands.answers[id],
            case .object(let members) = object(Topics.commands, to.rows.commands, id, role)
        else { return answer }
        return json(.object(members + [JsonMember("answers", answers)]))
    }

    func object(
        _ schema: TopicSchema, _ topic: TopicID, _ id: String, _ role: Role
    ) -> JsonValue {
        let isMasked = Topics.masksTexts(of: schema, for: role)
        var members = [JsonMember("id", .string(id))]
        for (column, name) in schema.columns.enumerated().dropFirst() {
            let value = to.rows.engine.value(topic, id: id, column: column)
            guard !value.isAbsent else { continue }
            let isHidden = isMasked && Topics.maskedFields.contains(name)
            members.append(JsonMember(name, isHidden ? masked(value) : jsonValue(value)))
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

    func forbidden(_ role: Role) -> HttpResponse {
        problem(403, "Forbidden", "role \(role.rawValue) may not read this", code: 1003)
    }

    private func worker(_ name: String, _ request: HttpRequest, _ role: Role) -> HttpResponse {
        guard role != .wall else { return forbidden(role) }
        if queryParameters(request.query)?["view"] == "flower" { return flowerWorker(name) }
        guard let record = to.feed.fleet.worker(name),
            case .object(var members) = object(Topics.workers, to.rows.workers, name, role)
        else { return problem(404, "Not found", "no such worker") }
        let settings = record.settings.sorted { $0.key < $1.key }.map {
            JsonMember(
                $0.key, (try? JsonReader.parse($0.value, limits: .celery)) ?? .string($0.value))
        }
        members.append(JsonMember("instances", .array(record.instances.map(instance))))
        if role == .admin { members.append(JsonMember("settings", .object(settings))) }
        return json(.object(members))
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
