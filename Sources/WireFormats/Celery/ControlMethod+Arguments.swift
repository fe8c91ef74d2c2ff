internal import Fleet

extension ControlMethod {
    /// Signals that `terminate` may send, with or without `SIG`.
    package static let signals: Set<String> = [
        "SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "TERM", "KILL",
        "INT", "QUIT", "HUP", "USR1", "USR2",
    ]

    /// The arguments, checked.
    func arguments() throws(CeleryError) -> [JsonMember] {
        switch self {
        case .ping, .stats, .revoked, .activeQueues, .report, .memsample, .heartbeat,
            .enableEvents, .disableEvents, .shutdown:
            return []
        case .registered:
            return [
                JsonMember("taskinfoitems", .array(RegisteredTask.traits.map(JsonValue.string)))
            ]
        case .taskLimits:
            return [
                JsonMember("taskinfoitems", .array(RegisteredTask.limits.map(JsonValue.string)))
            ]
        case .conf: return [JsonMember("with_defaults", false)]
        case .active(let safe):
            return safe ? [JsonMember("safe", true)] : []
        // Only `active` takes `safe`; the others answer plain values whatever is asked.
        case .reserved, .scheduled: return []
        case .queryTask(let ids): return [JsonMember("ids", try list(ids, "ids"))]
        case .hello(let node, let revoked):
            try MessageRules.name(node, "fromNode")
            let ids = try list(revoked, "revoked", mayBeEmpty: true)
            return [JsonMember("from_node", .string(node)), JsonMember("revoked", ids)]
        case .revoke(let ids, let terminate, let signal):
            return [JsonMember("task_id", try list(ids, "taskIDs"))]
                + (try termination(terminate, signal))
        case .revokeByStampedHeaders(let headers, let terminate, let signal):
            return [JsonMember("headers", try stamps(headers))]
                + (try termination(terminate, signal))
        case .poolRestart:
            return [
                JsonMember("modules", nil), JsonMember("reload", false),
                JsonMember("reloader", nil),
            ]
        default: return try limitArguments()
        }
    }

    private func limitArguments() throws(CeleryError) -> [JsonMember] {
        switch self {
        case .rateLimit(let task, let limit):
            try MessageRules.name(task, "task")
            return [
                JsonMember("task_name", .string(task)),
                JsonMember("rate_limit", try rate(limit)),
            ]
        case .timeLimit(let task, let soft, let hard):
            try MessageRules.name(task, "task")
            try MessageRules.limit(soft, "soft")
            try MessageRules.limit(hard, "hard")
            return [
                JsonMember("task_name", .string(task)),
                JsonMember("soft", soft.map(JsonValue.number) ?? .null),
                JsonMember("hard", hard.map(JsonValue.number) ?? .null),
            ]
        case .poolGrow(let count), .poolShrink(let count):
            return [JsonMember("n", .integer(try processes(count, "n", from: 1)))]
        case .autoscale(let max, let min):
            guard min <= max else {
                throw CeleryError(.invalid, "min", "must not be more than max")
            }
            return [
                JsonMember("max", .integer(try processes(max, "max", from: 1))),
                JsonMember("min", .integer(try processes(min, "min", from: 0))),
            ]
        case .addConsumer(let queue, let exchange, let type, let routingKey):
            return try consumer(queue, exchange, type, routingKey)
        case .cancelConsumer(let queue):
            try MessageRules.queue(queue, "queue")
            return [JsonMember("queue", .string(queue))]
        default: return []
        }
    }

    private func list(
        _ ids: [String], _ field: String, mayBeEmpty: Bool = false
    ) throws(CeleryError) -> JsonValue {
        if ids.isEmpty, !mayBeEmpty {
            throw CeleryError(.invalid, field, "must name at least one task")
        }
        try MessageRules.count(ids.count, CeleryLimits.maxCommandIDs, field)
        for id in ids { try MessageRules.id(id, field) }
        return .array(ids.map(JsonValue.string))
    }

    private func termination(
        _ terminate: Bool, _ signal: String?
    ) throws(CeleryError) -> [JsonMember] {
        guard let signal else { return [JsonMember("terminate", .bool(terminate))] }
        // An unknown name is an error in the worker, after it has flagged the ids.
        guard ControlMethod.signals.contains(signal) else {
            throw CeleryError(.invalid, "signal", "must be the name of a signal, such as SIGTERM")
        }
        return [JsonMember("terminate", .bool(terminate)), JsonMember("signal", .string(signal))]
    }

    private func stamps(_ headers: [String: [String]]) throws(CeleryError) -> JsonValue {
        if headers.isEmpty {
            throw CeleryError(.invalid, "headers", "must name at least one stamp")
        }
        try MessageRules.count(headers.count, CeleryLimits.maxHeaders, "headers")
        var members: [JsonMember] = []
        for name in headers.keys.sorted() {
            try MessageRules.name(name, "headers")
            members.append(JsonMember(name, try list(headers[name] ?? [], "headers.\(name)")))
        }
        try MessageRules.members(members, "headers")
        return .object(members)
    }

    /// `100`, `10.5/s`, `100/m`, `7/h`; 0 lifts the limit.
    private func rate(_ limit: String?) throws(CeleryError) -> JsonValue {
        guard let limit else { return 0 }
        var number = Substring(limit)
        if let unit = ["/s", "/m", "/h"].first(where: limit.hasSuffix) {
            number = number.dropLast(unit.count)
        }
        let isNumber =
            (1...12).contains(number.utf8.count)
            && number.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 == UInt8(ascii: ".") }
            && number.utf8.first != UInt8(ascii: ".") && number.utf8.last != UInt8(ascii: ".")
        guard isNumber, Double(number) != nil else {
            throw CeleryError(.invalid, "limit", "must look like 100/m, 10/s or 5/h")
        }
        return .string(limit)
    }

    private func processes(
        _ count: Int, _ field: String, from least: Int
    ) throws(CeleryError) -> Int64 {
        guard (least...10000).contains(count) else {
            throw CeleryError(.invalid, field, "must be from \(least) to 10000")
        }
        return Int64(count)
    }

    private func consumer(
        _ queue: String, _ exchange: String?, _ type: String?, _ routingKey: String?
    ) throws(CeleryError) -> [JsonMember] {
        try MessageRules.queue(queue, "queue")
        var members = [JsonMember("queue", .string(queue))]
        if let exchange {
            try MessageRules.queue(exchange, "exchange")
            members.append(JsonMember("exchange", .string(exchange)))
        }
        if let type {
            guard ["direct", "topic", "fanout"].contains(type) else {
                throw CeleryError(.invalid, "exchangeType", "must be direct, topic or fanout")
            }
            members.append(JsonMember("exchange_type", .string(type)))
        }
        if let routingKey {
            try MessageRules.queue(routingKey, "routingKey")
            members.append(JsonMember("routing_key", .string(routingKey)))
        }
        return members
    }
}
