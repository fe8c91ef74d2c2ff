internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

/// What Flower shows of the same events: names and values as in `celery.events.state.Task`
/// (Celery 5.7), so that anyone can compare.
extension HttpDesk {
    private static let flowerTexts: Set<String> = [
        "args", "kwargs", "result", "exception", "traceback",
    ]

    /// `GET /api/celery/tasks/{id}?view=flower`.
    func flowerTask(_ call: RestCall) -> HttpResponse {
        guard let flower = to.feed.fleet.flower else { return noFlower }
        guard let task = flower.task(call.name) else {
            return problem(404, "Not found", "the flower view does not keep this task")
        }
        return json(object(of: task, isMasked: call.isMasked))
    }

    /// `GET /api/celery/workers/{name}?view=flower`: the fields of `celery.events.state.Worker`.
    func flowerWorker(_ name: String) -> HttpResponse {
        guard let flower = to.feed.fleet.flower else { return noFlower }
        guard let worker = flower.worker(name) else {
            return problem(404, "Not found", "the flower view does not know this worker")
        }
        func number(_ value: Int?) -> JsonValue { value.map { .integer(Int64($0)) } ?? .null }
        func text(_ value: String?) -> JsonValue { value.map { .string($0) } ?? .null }
        return json([
            "hostname": .string(worker.hostname), "pid": number(worker.pid),
            "freq": .number(worker.freq),
            "heartbeats": .array(worker.heartbeats.map { .number($0) }),
            "clock": .integer(worker.clock), "active": number(worker.active),
            "processed": number(worker.processed),
            "loadavg": worker.loadavg.map { .array($0.map { .number($0) }) } ?? .null,
            "sw_ident": text(worker.software), "sw_ver": text(worker.version),
            "sw_sys": text(worker.platform),
        ])
    }

    /// `GET /api/celery/tasks?view=flower`: a page, the one that leaves first is first.
    func flowerPage(
        _ query: TaskQuery, isMasked: Bool
    ) throws(TaskQuery.Refusal) -> HttpResponse {
        guard let flower = to.feed.fleet.flower else { return noFlower }
        let page = flower.page(after: try query.number, limit: query.limit)
        return json([
            "tasks": .array(page.tasks.map { object(of: $0, isMasked: isMasked) }),
            "next": page.next.map { .string("\($0)") } ?? .null,
        ])
    }

    private var noFlower: HttpResponse {
        problem(
            404, "Not found", "the flower view is off; start with --flower-tasks 10000 or more")
    }

    /// The fields of `Task.as_dict()`, then those of events that Celery sets as they come.
    private func object(of task: FlowerTask, isMasked: Bool) -> JsonValue {
        var members = [JsonMember("uuid", .string(task.uuid))]
        func add(_ name: String, _ value: JsonValue) {
            let isHidden = isMasked && Self.flowerTexts.contains(name)
            if isHidden, case .string(let text) = value {
                members.append(JsonMember(name, RowReader.masked(.text(text))))
            } else {
                members.append(JsonMember(name, value))
            }
        }
        func add(_ name: String, _ text: String?) { add(name, text.map { .string($0) } ?? .null) }
        func add(_ name: String, _ number: Double?) {
            add(name, number.map { .number($0) } ?? .null)
        }
        add("name", task.name)
        add("state", .string(task.state))
        add("received", task.received)
        add("sent", task.sent)
        add("started", task.started)
        add("rejected", task.rejected)
        add("succeeded", task.succeeded)
        add("failed", task.failed)
        add("retried", task.retried)
        add("revoked", task.revoked)
        add("args", task.args)
        add("kwargs", task.kwargs)
        add("eta", task.eta)
        add("expires", task.expires)
        add("retries", task.retries.map { .integer(Int64($0)) } ?? .null)
        add("worker", task.worker)
        add("result", task.result)
        add("exception", task.exception)
        add("timestamp", task.timestamp)
        add("runtime", task.runtime)
        add("traceback", task.traceback)
        add("exchange", task.exchange)
        add("routing_key", task.routingKey)
        add("clock", .integer(task.clock))
        add("client", task.client)
        add("root", task.rootID)
        add("root_id", task.rootID)
        add("parent", task.parentID)
        add("parent_id", task.parentID)
        add("children", .array(task.children.sorted().map { .string($0) }))
        addEventFields(of: task, isMasked: isMasked, to: &members)
        return .object(members)
    }

    private func addEventFields(
        of task: FlowerTask, isMasked: Bool, to members: inout [JsonMember]
    ) {
        func add(_ name: String, _ value: JsonValue?) {
            if let value { members.append(JsonMember(name, value)) }
        }
        add("hostname", task.hostname.map { .string($0) })
        add("pid", task.pid.map { .integer(Int64($0)) })
        add("utcoffset", task.utcOffset.map { .number($0) })
        add("local_received", task.localReceived.map { .number($0) })
        add("type", task.type.map { .string($0) })
        add("queue", task.queue.map { .string($0) })
        add("terminated", task.terminated.map { .bool($0) })
        add("signum", task.signum.map { text in Int64(text).map { .integer($0) } ?? .string(text) })
        add("expired", task.expired.map { .bool($0) })
        add("requeue", task.requeue.map { .bool($0) })
        for (name, text) in task.custom.sorted(by: { $0.key < $1.key }) {
            let value = (try? JsonReader.parse(text, limits: .celery)) ?? .string(text)
            add(name, isMasked ? "(hidden)" : value)
        }
    }
}
