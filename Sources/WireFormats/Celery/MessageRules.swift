/// What every value that goes to a worker must keep.
///
/// A malformed message can stop a worker, and the next one after it; so all that is written comes
/// from typed values that went through here first.
enum MessageRules {
    /// Headers that Celery gives a meaning of its own (app/amqp.py, worker/request.py).
    static let ownHeaders: Set<String> = [
        "lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries",
        "timelimit", "root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result",
        "replaced_task_nesting", "stamped_headers", "stamps", "compression", "redelivered",
        "delivery_info", "reply_to", "correlation_id", "hostname", "clock", "ticket", "meth",
        "sig", "args", "kwargs", "callbacks", "errbacks", "chain", "chord", "properties",
    ]

    /// Digits of an integer that Python still reads (it refuses more than 4,300).
    static let maxIntegerDigits = 4300

    static func name(_ text: String, _ field: String) throws(CeleryError) {
        if text.isEmpty { throw CeleryError(.invalid, field, "must not be empty") }
        guard text.utf8.count <= CeleryLimits.maxNameBytes else {
            throw CeleryError(
                .tooLarge, field, "must not be longer than \(CeleryLimits.maxNameBytes) bytes")
        }
    }

    static func id(_ text: String, _ field: String) throws(CeleryError) {
        if text.isEmpty { throw CeleryError(.invalid, field, "must not be empty") }
        guard text.utf8.count <= CeleryLimits.maxIDBytes else {
            throw CeleryError(
                .tooLarge, field, "must not be longer than \(CeleryLimits.maxIDBytes) bytes")
        }
    }

    static func optionalID(_ text: String?, _ field: String) throws(CeleryError) {
        if let text { try id(text, field) }
    }

    static func queue(_ name: String, _ field: String) throws(CeleryError) {
        if let reason = QueueKeys.refusal(queue: name) {
            throw CeleryError(.invalid, field, reason)
        }
    }

    static func priority(_ priority: Int?, _ field: String) throws(CeleryError) {
        guard let priority else { return }
        guard (0...9).contains(priority) else {
            throw CeleryError(.invalid, field, "must be from 0 (most urgent) to 9")
        }
    }

    static func moment(_ text: String?, _ field: String) throws(CeleryError) {
        guard let text else { return }
        guard IsoTime.seconds(text) != nil else {
            throw CeleryError(
                .invalid, field,
                "must be an ISO 8601 time with a zone, such as 2026-01-31T12:00:00+00:00")
        }
    }

    static func limit(_ seconds: Double?, _ field: String) throws(CeleryError) {
        guard let seconds else { return }
        guard seconds > 0, seconds <= 31_536_000 else {
            throw CeleryError(.invalid, field, "must be more than 0 and at most a year of seconds")
        }
    }

    static func count(_ count: Int, _ most: Int, _ field: String) throws(CeleryError) {
        guard count <= most else {
            throw CeleryError(.tooLarge, field, "must not have more than \(most) items")
        }
    }

    /// A value from outside that Python must read as the same value.
    static func value(
        _ value: JsonValue, _ field: String, depth: Int = 0
    ) throws(CeleryError) {
        guard depth <= CeleryLimits.maxArgumentDepth else {
            throw CeleryError(
                .tooLarge, field, "is nested deeper than \(CeleryLimits.maxArgumentDepth) levels")
        }
        switch value {
        case .null, .bool, .integer, .string: return
        case .number(let number):
            guard number.isFinite else {
                throw CeleryError(.invalid, field, "is not a finite number")
            }
        case .bigInteger(let digits): try integer(digits, field)
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                try self.value(element, "\(field)[\(index)]", depth: depth + 1)
            }
        case .object(let members):
            for member in members {
                // kombu makes a Python object of it, or fails: only Celery itself may write these.
                guard member.name != "__type__" else {
                    throw CeleryError(.invalid, field, "must not have a member called __type__")
                }
                try self.value(member.value, field, depth: depth + 1)
            }
        }
    }

    private static func integer(_ digits: String, _ field: String) throws(CeleryError) {
        let unsigned =
            digits.utf8.first == UInt8(ascii: "-") ? digits.utf8.dropFirst() : digits.utf8[...]
        let isClean =
            !unsigned.isEmpty && unsigned.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
            && (unsigned.count == 1 || unsigned.first != UInt8(ascii: "0"))
        guard isClean else { throw CeleryError(.invalid, field, "is not an integer") }
        guard unsigned.count <= maxIntegerDigits else {
            throw CeleryError(
                .tooLarge, field, "has more than \(maxIntegerDigits) digits, which Python refuses")
        }
    }

    static func members(_ members: [JsonMember], _ field: String) throws(CeleryError) {
        var names: Set<String> = []
        for member in members {
            guard names.insert(member.name).inserted else {
                throw CeleryError(.invalid, field, "must not have the same name twice")
            }
        }
        try value(.object(members), field)
    }

    static func signature(
        _ signature: Signature, _ field: String, depth: Int, needsID: Bool = false
    ) throws(CeleryError) {
        guard depth < CeleryLimits.maxSignatureDepth else {
            throw CeleryError(
                .tooLarge, field,
                "has callbacks nested deeper than \(CeleryLimits.maxSignatureDepth) levels")
        }
        try name(signature.task, "\(field).task")
        try optionalID(signature.taskID, "\(field).taskID")
        try optionalID(signature.groupID, "\(field).groupID")
        if needsID, signature.taskID == nil {
            throw CeleryError(.invalid, "\(field).taskID", "is needed for a chain step")
        }
        if let queue = signature.queue { try self.queue(queue, "\(field).queue") }
        try priority(signature.priority, "\(field).priority")
        for (index, argument) in signature.args.enumerated() {
            try value(argument, "\(field).args[\(index)]")
        }
        try members(signature.kwargs, "\(field).kwargs")
        if let size = signature.chordSize, size < 1 {
            throw CeleryError(.invalid, "\(field).chordSize", "must be at least 1")
        }
        try signatures(signature.callbacks, "\(field).callbacks", depth: depth + 1)
        try signatures(signature.errbacks, "\(field).errbacks", depth: depth + 1)
    }

    static func signatures(
        _ signatures: [Signature], _ field: String, depth: Int = 0, needsID: Bool = false
    ) throws(CeleryError) {
        try count(signatures.count, CeleryLimits.maxSignatures, field)
        for (index, signature) in signatures.enumerated() {
            try self.signature(
                signature, "\(field)[\(index)]", depth: depth, needsID: needsID)
        }
    }
}
