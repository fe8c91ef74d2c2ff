internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// Tasks in one page at most.
    private static let pageLimit = 1_000

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
        case ("workers", 2): return worker(path[1], role)
        case ("queues", 2): return row(Topics.queues, to.rows.queues, path[1], role)
        case ("commands", 2): return row(Topics.commands, to.rows.commands, path[1], role)
        case ("tasks", 1): return tasks(request, role, only: nil)
        case ("tasks", 2) where path[1] == "active": return tasks(request, role, only: ["STARTED"])
        case ("tasks", 2): return task(path[1], role)
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

    private func row(
        _ schema: TopicSchema, _ topic: TopicID, _ id: String, _ role: Role
    ) -> HttpResponse {
        guard Topics.projection(of: schema, for: role) != nil else { return forbidden(role) }
        guard to.rows.engine.handle(of: id, in: topic) != nil else {
            return problem(404, "Not found", "no such row in \(schema.name)")
        }
        return json(object(schema, topic, id, role))
    }

    private func object(
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

    private func masked(_ value: FieldValue) -> JsonValue {
        if case .text(let text) = value { return .string("(\(text.count) characters)") }
        return "(hidden)"
    }

    private func jsonValue(_ value: FieldValue) -> JsonValue {
        switch value {
        case .absent: .null
        case .bool(let flag): .bool(flag)
        case .int(let number): .integer(Int64(number))
        case .double(let number): .number(number)
        case .text(let text): .string(text)
        case .list(let text): (try? JsonReader.parse(text, limits: .celery)) ?? .null
        }
    }

    private func forbidden(_ role: Role) -> HttpResponse {
        problem(403, "Forbidden", "role \(role.rawValue) may not read this", code: 1003)
    }

    private func worker(_ name: String, _ role: Role) -> HttpResponse {
        guard role != .wall else { return forbidden(role) }
        guard let record = to.feed.fleet.worker(name),
            case .object(var members) = object(Topics.workers, to.rows.workers, name, role)
        else { return problem(404, "Not found", "no such worker") }
        let settings = record.settings.sorted { $0.key < $1.key }.map {
            JsonMember(
                $0.key, (try? JsonReader.parse($0.value, limits: .celery)) ?? .string($0.value))
        }
        if role == .admin { members.append(JsonMember("settings", .object(settings))) }
        return json(.object(members))
    }

    // MARK: - Tasks

    private func task(_ id: String, _ role: Role) -> HttpResponse {
        guard role != .wall else { return forbidden(role) }
        guard let record = to.feed.fleet.task(id) else {
            return problem(
                404, "Not found", "no such task is known; finished tasks are kept for a while")
        }
        let isMasked = Topics.masksTexts(of: Topics.tasks, for: role)
        guard case .object(var members) = object(of: record, isMasked: isMasked) else {
            return problem(404, "Not found", "no such task")
        }
        if let traceback = record.traceback {
            members.append(
                JsonMember("traceback", isMasked ? masked(.text(traceback)) : .string(traceback)))
        }
        members.append(JsonMember("children", .array(record.children.map { .string($0) })))
        members.append(
            JsonMember("attempts", .array(record.attempts.map { attempt($0, isMasked: isMasked) })))
        return json(.object(members))
    }

    private func object(of record: TaskRecord, isMasked: Bool) -> JsonValue {
        var members = [JsonMember("id", .string(record.id))]
        for update in TaskProjection.fields(record) where !update.value.isAbsent {
            let name = Topics.tasks.columns[update.column]
            let isHidden = isMasked && Topics.maskedFields.contains(name)
            members.append(
                JsonMember(name, isHidden ? masked(update.value) : jsonValue(update.value)))
        }
        return .object(members)
    }

    private func attempt(_ attempt: AttemptRecord, isMasked: Bool) -> JsonValue {
        var members = [
            JsonMember("retries", .integer(Int64(attempt.retries))),
            JsonMember("occurrence", .integer(Int64(attempt.occurrence))),
            JsonMember("state", .string(attempt.state.name)),
        ]
        func add(_ name: String, _ value: JsonValue?) {
            if let value { members.append(JsonMember(name, value)) }
        }
        add("worker", attempt.worker.map { .string($0) })
        add("pid", attempt.pid.map { .integer(Int64($0)) })
        add("sent", attempt.sent.map { .number($0) })
        add("received", attempt.received.map { .number($0) })
        add("started", attempt.started.map { .number($0) })
        add("finished", attempt.finished.map { .number($0) })
        add("runtime", attempt.runtime.map { .number($0) })
        add("text", attempt.text.map { isMasked ? masked(.text($0)) : .string($0) })
        add("superseded", attempt.superseded ? true : nil)
        return .object(members)
    }

    /// A page of tasks, newest first; `after` is the `next` of the page before.
    private func tasks(_ request: HttpRequest, _ role: Role, only: Set<String>?) -> HttpResponse {
        guard role != .wall else { return forbidden(role) }
        guard let parameters = queryParameters(request.query) else {
            return problem(400, "Bad request", "the query string is malformed")
        }
        let known: Set<String> = ["limit", "after", "state", "queue", "worker", "name"]
        if let unknown = parameters.keys.first(where: { !known.contains($0) }) {
            return problem(
                400, "Bad request",
                "unknown parameter \(unknown.prefix(40)); known: \(known.sorted().joined(separator: ", "))"
            )
        }
        guard let limit = Int(parameters["limit"] ?? "100"), 1...Self.pageLimit ~= limit else {
            return problem(400, "Bad request", "limit must be from 1 to \(Self.pageLimit)")
        }
        guard let after = TaskCursor(parameters["after"]) else {
            return problem(400, "Bad request", "after must be the next of an earlier page")
        }
        let states =
            only ?? parameters["state"].map { Set($0.split(separator: ",").map(String.init)) }
        let isMasked = Topics.masksTexts(of: Topics.tasks, for: role)
        var page: [JsonValue] = []
        var last: TaskRecord?
        var hasMore = false
        to.feed.fleet.forEachTask { record in
            guard after.precedes(record),
                states?.contains(record.state.name) ?? true,
                parameters["queue"].map({ $0 == record.queue }) ?? true,
                parameters["worker"].map({ $0 == record.worker }) ?? true,
                parameters["name"].map({ $0 == record.name }) ?? true
            else { return true }
            guard page.count < limit else {
                hasMore = true
                return false
            }
            page.append(object(of: record, isMasked: isMasked))
            last = record
            return true
        }
        let next = hasMore ? last.map { JsonValue.string(TaskCursor.text(after: $0)) } : nil
        return json(["tasks": .array(page), "next": next ?? .null])
    }
}

/// A place in the list of tasks, newest first: the time a task was first seen, and its id.
struct TaskCursor {
    private let seen: Double
    private let id: String

    /// Reads a cursor; `nil` text is the start, broken text gives `nil`.
    init?(_ text: String?) {
        guard let text else {
            seen = .infinity
            id = ""
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let time = Double(parts[0]), time.isFinite else { return nil }
        seen = time
        id = String(parts[1])
    }

    /// Whether a task comes after this place.
    func precedes(_ task: TaskRecord) -> Bool {
        task.seen < seen || (task.seen == seen && task.id < id)
    }

    /// The cursor behind a task.
    static func text(after task: TaskRecord) -> String { "\(task.seen):\(task.id)" }
}
