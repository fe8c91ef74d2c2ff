package import Fleet

extension InspectReply {
    /// Reads one worker's answer to a question.
    ///
    /// - Returns: nil if it is an error, has another form, or the method is no question.
    package init?(_ value: JsonValue, to method: ControlMethod) {
        if value.object?.count == 1, value["error"] != nil { return nil }
        switch method {
        case .ping:
            guard value["ok"]?.string == "pong" else { return nil }
            self = .pong
        case .stats:
            guard value.object != nil else { return nil }
            self = .stats(WorkerStats(value))
        case .activeQueues:
            guard let items = value.boundedArray else { return nil }
            self = .activeQueues(items.compactMap(ConsumedQueue.init))
        case .active:
            guard let items = value.boundedArray else { return nil }
            self = .active(items.compactMap(TaskInfo.init))
        case .reserved:
            guard let items = value.boundedArray else { return nil }
            self = .reserved(items.compactMap(TaskInfo.init))
        case .scheduled:
            guard let items = value.boundedArray else { return nil }
            self = .scheduled(items.compactMap(ScheduledTask.init))
        case .revoked:
            guard let items = value.boundedArray else { return nil }
            self = .revoked(items.compactMap(Bounded.name))
        case .registered, .taskLimits:
            guard let items = value.boundedArray else { return nil }
            self = .registered(items.compactMap(\.string).compactMap(RegisteredTask.init(text:)))
        case .conf:
            guard value.object != nil else { return nil }
            self = .conf(WorkerSettings(value))
        default: return nil
        }
    }
}

extension JsonValue {
    /// The elements up to the bound for replies; nil if it is no array.
    var boundedArray: ArraySlice<JsonValue>? { array?.prefix(CeleryLimits.maxReplyItems) }
}

extension ConsumedQueue {
    init?(_ value: JsonValue) {
        guard let name = Bounded.name(value["name"]) else { return nil }
        self.init(
            name: name, exchange: Bounded.name(value["exchange"]?["name"]),
            exchangeType: Bounded.name(value["exchange"]?["type"]),
            routingKey: Bounded.name(value["routing_key"]))
    }
}

extension TaskInfo {
    /// Reads a description of a task; nil without an id.
    package init?(_ value: JsonValue) {
        guard let id = value["id"]?.string, !id.isEmpty, id.utf8.count <= CeleryLimits.maxIDBytes
        else { return nil }
        self.init(id: id)
        name = Bounded.name(value["name"])
        args = Bounded.repr(value["args"])
        kwargs = Bounded.repr(value["kwargs"])
        hostname = Bounded.name(value["hostname"])
        timeStart = Bounded.seconds(value["time_start"])
        acknowledged = value["acknowledged"]?.bool
        let delivery = value["delivery_info"]
        exchange = Bounded.name(delivery?["exchange"])
        routingKey = Bounded.name(delivery?["routing_key"])
        priority = Bounded.count(delivery?["priority"])
        redelivered = delivery?["redelivered"]?.bool
        workerPID = Bounded.count(value["worker_pid"])
    }

    /// Reads the answer to `query_task`: what state each known id is in there
    /// (`active`, `reserved`, `scheduled`, `ready`), and the task.
    package static func queried(_ value: JsonValue) -> [(state: String, task: TaskInfo)] {
        (value.object ?? []).prefix(CeleryLimits.maxReplyItems).compactMap { member in
            guard let pair = member.value.array, pair.count == 2,
                let state = Bounded.name(pair[0]), let task = TaskInfo(pair[1])
            else { return nil }
            return (state, task)
        }
    }
}

extension ScheduledTask {
    init?(_ value: JsonValue) {
        guard let request = value["request"].flatMap(TaskInfo.init) else { return nil }
        self.init(
            eta: Bounded.name(value["eta"]), priority: Bounded.count(value["priority"]),
            request: request)
    }
}

extension RegisteredTask {
    /// Attributes of a task that `taskLimits` asks for.
    package static let limits = ["rate_limit", "soft_time_limit", "time_limit"]
    /// Attributes of a task that `registered` asks for.
    package static let traits = ["rate_limit", "send_events"]

    /// Reads text such as `tasks.add [rate_limit=1/s]`.
    init?(text: String) {
        guard let fields = Self.fields(text: text) else { return nil }
        self.init(
            name: fields.name, rateLimit: fields.values["rate_limit"],
            sendsEvents: fields.values["send_events"].map { $0 != "False" })
    }

    /// Reads text such as `tasks.add [rate_limit=1/s time_limit=30]`; an attribute that is `None` has
    /// no value. Nil without a name.
    package static func fields(text: String) -> (name: String, values: [String: String])? {
        let text = Bounded.text(text, limit: CeleryLimits.maxNameBytes)
        guard let name = text.split(separator: " ", maxSplits: 1).first else { return nil }
        var values: [String: String] = [:]
        for word in text.dropFirst(name.count).split(whereSeparator: { " []".contains($0) }) {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[1] != "None" else { continue }
            values[String(parts[0])] = String(parts[1])
        }
        return (String(name), values)
    }
}
