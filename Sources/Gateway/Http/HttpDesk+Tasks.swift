internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/tasks/{id}`: everything about one task, or what Flower would show of it.
    func task(_ call: RestCall) -> HttpResponse {
        let query: TaskQuery
        do throws(TaskQuery.Refusal) {
            query = try TaskQuery(call.request.query, known: ["view"])
        } catch {
            return problem(400, "Bad request", error.reason)
        }
        if query.isFlower { return flowerRefusal(call) ?? flowerTask(call) }
        let grant = call.grant
        guard let record = to.feed.fleet.task(call.name), Self.isShown(record, to: grant) else {
            return problem(
                404, "Not found", "no such task is known; finished tasks are kept for a while")
        }
        let isMasked = call.isMasked
        guard case .object(var members) = object(of: record, isMasked: isMasked) else {
            return problem(404, "Not found", "no such task")
        }
        if let traceback = record.traceback {
            members.append(
                JsonMember(
                    "traceback", isMasked ? RowReader.masked(.text(traceback)) : .string(traceback))
            )
        }
        let children = record.children.filter { id in
            grant == nil || to.feed.fleet.task(id).map { Self.isShown($0, to: grant) } ?? false
        }
        members.append(JsonMember("children", .array(children.map { .string($0) })))
        members.append(
            JsonMember("attempts", .array(record.attempts.map { attempt($0, isMasked: isMasked) })))
        return json(.object(members))
    }

    private static func isShown(_ record: TaskRecord, to grant: Grant?) -> Bool {
        grant?.shows(task: record.name, queue: record.queue) ?? true
    }

    /// The refusal of the flower view to somebody who may not have all tasks.
    private func flowerRefusal(_ call: RestCall) -> HttpResponse? {
        call.verdict(on: .flower).refusal.map { problem(403, "Forbidden", $0, code: 1003) }
    }

    private func object(of record: TaskRecord, isMasked: Bool) -> JsonValue {
        let hidden = isMasked ? Topics.texts(of: Topics.tasks) : []
        var members = [JsonMember("id", .string(record.id))]
        for update in TaskProjection.fields(record) where !update.value.isAbsent {
            let name = Topics.tasks.columns[update.column]
            let isHidden = hidden.contains(name)
            members.append(
                JsonMember(
                    name, isHidden ? RowReader.masked(update.value) : RowReader.json(update.value)))
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
        add("text", attempt.text.map { isMasked ? RowReader.masked(.text($0)) : .string($0) })
        add("superseded", attempt.superseded ? true : nil)
        return .object(members)
    }

    /// `GET /api/celery/tasks`: a page, newest first; `after` is the `next` of the page before.
    func tasks(
        _ call: RestCall, only: Set<String>? = nil, isScheduled: Bool = false
    ) -> HttpResponse {
        do throws(TaskQuery.Refusal) {
            let isPlain = only == nil
            let query = try TaskQuery(
                call.request.query,
                known: TaskQuery.page.union(isPlain ? TaskQuery.filters.union(["view"]) : []))
            guard !query.isFlower else {
                if let refusal = flowerRefusal(call) { return refusal }
                return try flowerPage(query, isMasked: call.isMasked)
            }
            var filter = query.filter
            if let only { filter.states = only }
            filter.isScheduled = isScheduled
            if let grant = call.grant {
                filter.showsName = { grant.shows(name: $0) }
                filter.showsQueue = { grant.shows(taskIn: $0) }
            }
            let page = to.feed.fleet.taskPage(
                after: try query.place, limit: query.limit, filter: filter)
            let next = page.hasMore ? page.tasks.last.map(TaskQuery.text) : nil
            return json([
                "tasks": .array(page.tasks.map { object(of: $0, isMasked: call.isMasked) }),
                "next": next.map { .string($0) } ?? .null,
            ])
        } catch {
            return problem(400, "Bad request", error.reason)
        }
    }
}
