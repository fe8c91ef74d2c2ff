import WireFormats

/// One digit more than Python reads.
private let tooManyDigits = String(repeating: "9", count: 4301)

/// Typed inputs for the encoders: mostly usable ones, each with a share of values that must be refused.
extension SeededGenerator {
    private mutating func optional<T>(_ make: (inout SeededGenerator) -> T) -> T? {
        chance(3) ? make(&self) : nil
    }

    private mutating func wildText() -> String {
        chance(4) ? nastyText() : pick(["wapp.add", "mail", "a.b", "x-1", "é"])
    }

    private mutating func wildNumber() -> Double {
        chance(8)
            ? pick([.nan, .infinity, -1, 0, 1e300, -.infinity])
            : Double(1 + below(10000)) / Double(1 + below(10))
    }

    private mutating func wildTime() -> String {
        chance(4)
            ? pick(["", "garbage", "5", "2026-11-23T19:26:05", "2026-02-30T00:00:00Z", nastyText()])
            : IsoTime.text(Double(below(2_000_000_000)) + 0.25)
    }

    private mutating func wildValue() -> JsonValue {
        switch below(24) {
        case 0: .number(pick([.nan, .infinity, -.infinity]))
        case 1: ["__type__": "datetime", "__value__": "2026-01-01"]
        case 2: [["__type__": 7]]
        case 3:
            .bigInteger(pick(["", "-", "007", "1x", "1e5", tooManyDigits]))
        case 4: deep(CeleryLimits.maxArgumentDepth + below(4) - 1)
        default: jsonValue(depth: 3)
        }
    }

    private mutating func deep(_ levels: Int) -> JsonValue {
        (0..<levels).reduce(.null) { value, level in
            level % 2 == 0 ? .array([value]) : .object([JsonMember("d", value)])
        }
    }

    private mutating func values() -> [JsonValue] { (0..<below(4)).map { _ in wildValue() } }

    private mutating func members() -> [JsonMember] {
        (0..<below(4)).map { JsonMember(chance(6) ? wildText() : "k\($0)", wildValue()) }
    }

    mutating func signature(depth: Int = 0) -> Signature {
        var signature = Signature(wildText(), args: values(), kwargs: members())
        signature.taskID = chance(10) ? nil : wildText()
        signature.queue = optional { $0.wildText() }
        signature.priority = optional { $0.below(12) - 1 }
        signature.isImmutable = chance(2)
        signature.chordSize = chance(10) ? below(3) : nil
        if depth < 2, chance(6) { signature.callbacks = [self.signature(depth: depth + 1)] }
        if depth < 2, chance(6) { signature.errbacks = [self.signature(depth: depth + 1)] }
        return signature
    }

    mutating func taskMessage() -> TaskMessage {
        var message = TaskMessage(task: wildText(), id: wildText(), deliveryTag: wildText())
        message.args = values()
        message.kwargs = members()
        message.queue = wildText()
        message.priority = optional { $0.below(12) - 1 }
        message.eta = optional { $0.wildTime() }
        message.expires = optional { $0.wildTime() }
        message.retries = chance(20) ? -1 : below(4)
        message.softTimeLimit = optional { $0.wildNumber() }
        message.timeLimit = optional { $0.wildNumber() }
        message.shadow = optional { $0.wildText() }
        message.ignoreResult = optional { $0.chance(2) }
        message.rootID = optional { $0.wildText() }
        message.parentID = optional { $0.wildText() }
        message.groupID = optional { $0.wildText() }
        message.groupIndex = optional { $0.below(5) - 1 }
        if chance(6) { message.callbacks = [signature()] }
        if chance(6) { message.errbacks = [signature()] }
        if chance(6) { message.chain = [signature(), signature()] }
        if chance(10) { message.chord = signature() }
        if chance(4) {
            message.headers = [
                JsonMember(pick(["x-gw", "id", "task", "timelimit", nastyText()]), wildValue())
            ]
        }
        message.origin = optional { $0.wildText() }
        message.reprDetail = pick([
            .full, .full, .hidden, .texts(args: nastyText(), kwargs: nastyText()),
        ])
        return message
    }

    mutating func controlMethod() -> ControlMethod {
        let ids = (0..<below(4)).map { _ in wildText() }
        switch below(22) {
        case 0: return .ping
        case 1: return .stats
        case 2: return .active(safe: chance(2))
        case 3: return .queryTask(ids: ids)
        case 4: return .hello(fromNode: wildText(), revoked: ids)
        case 5, 6, 7:
            return .revoke(
                taskIDs: ids, terminate: chance(2),
                signal: optional { $0.pick(["SIGTERM", "KILL", "BOGUS", ""]) })
        case 8:
            return .revokeByStampedHeaders(
                headers: [wildText(): ids], terminate: chance(2), signal: nil)
        case 9:
            return .rateLimit(
                task: wildText(),
                limit: optional { $0.pick(["100/m", "1.5", "/s", "1/d", "", ".5", "x"]) })
        case 10:
            return .timeLimit(
                task: wildText(), soft: optional { $0.wildNumber() },
                hard: optional { $0.wildNumber() })
        case 11: return .poolGrow(below(5) - 2)
        case 12: return .poolShrink(below(5) - 2)
        case 13: return .poolRestart
        case 14: return .autoscale(max: below(5) - 1, min: below(5) - 1)
        case 15:
            return .addConsumer(
                queue: wildText(), exchange: optional { $0.wildText() },
                exchangeType: optional { $0.pick(["direct", "topic", "x"]) },
                routingKey: optional { $0.wildText() })
        case 16: return .cancelConsumer(queue: wildText())
        case 17: return .shutdown
        case 18: return pick([.enableEvents, .disableEvents, .heartbeat, .report, .memsample])
        case 19: return pick([.conf, .registered, .taskLimits, .revoked, .activeQueues])
        case 20: return .reserved(safe: chance(2))
        default: return .scheduled(safe: chance(2))
        }
    }

    mutating func controlMessage() -> ControlMessage {
        ControlMessage(
            controlMethod(), destination: (0..<below(3)).map { _ in wildText() },
            reply: optional { ControlReplyAddress(ticket: $0.wildText(), key: $0.wildText()) },
            deliveryTag: wildText())
    }
}
