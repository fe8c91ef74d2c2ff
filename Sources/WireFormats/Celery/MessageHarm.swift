/// Tells what a waiting message would do to the worker that takes it.
///
/// The rules were found by feeding real workers bad messages (`Tests/Fixtures/celery/poison_messages.json`).
/// A message with a task that fails, or that Celery drops with a word in its log, harms nobody.
enum MessageHarm {
    /// Types that kombu hands on undecoded: the worker cannot unpack them.
    private static let undecodedTypes: Set<String> = ["application/data", "application/text"]

    /// What is wrong with a message; nil if a worker takes it without harm, as far as can be told: a
    /// body that is compressed or not JSON is never opened.
    static func harm(of parts: MessageParts, in bytes: [UInt8]) -> String? {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            return "it is not UTF-8: a worker that takes it exits"
        }
        guard parts.isObject else { return "it is no object: a worker that takes it exits" }
        return harm(ofRoute: parts) ?? harm(ofHeaders: parts) ?? harm(ofBody: parts)
            ?? harm(ofNumbers: parts, in: bytes)
    }

    private static func harm(ofRoute parts: MessageParts) -> String? {
        func restarts(_ what: String) -> String {
            "\(what): the consumer of a worker that takes it starts again, without it"
        }
        guard parts.properties.kind == .object else { return restarts("properties are missing") }
        guard let tag = parts.deliveryTag, !tag.isEmpty else {
            return restarts("properties.delivery_tag is missing or no text")
        }
        guard parts.deliveryInfo != nil, parts.exchange != nil, parts.routingKey != nil else {
            return restarts("properties.delivery_info does not name an exchange and a routing key")
        }
        return nil
    }

    private static func harm(ofHeaders parts: MessageParts) -> String? {
        switch parts.headers.kind {
        case .object, .null, .absent: break
        default: return "headers are no object: a worker that takes it exits"
        }
        if parts.hasTask, !parts.hasID {
            return "headers.id is missing: a worker that takes it reconnects for ever"
        }
        guard !parts.hasTask || !(parts.id ?? "").isEmpty && !(parts.task ?? "").isEmpty else {
            return "headers.id and headers.task must be texts: no worker can run it"
        }
        guard parts.hasUsableLimits else {
            return "headers.timelimit is no pair: a worker that takes it exits, "
                + "and so does the next one"
        }
        return nil
    }

    private static func harm(ofBody parts: MessageParts) -> String? {
        let exits = ": a worker that takes it exits, and so does the next one"
        guard let type = parts.contentType, !type.isEmpty, !undecodedTypes.contains(type) else {
            return "content-type does not tell how to decode the body\(exits)"
        }
        guard var body = parts.bodyText, !body.isEmpty else {
            return "body is missing, empty or no text\(exits)"
        }
        switch parts.bodyEncoding {
        case "base64":
            guard let decoded = Base64.decode(body.span) else {
                return "body is no base64: a worker that takes it exits"
            }
            body = decoded
        case nil, "", "utf-8": break
        default: return "properties.body_encoding is not known\(exits)"
        }
        guard type == "application/json", !parts.isCompressed else { return nil }
        let shape = try? JsonScanner.scan(body.span, maxDepth: CeleryLimits.maxDepth) {
            (scanner) throws(JsonError) -> BodyShape in try BodyShape(&scanner)
        }
        // What is not JSON is dropped, and told in the log.
        guard let shape else { return nil }
        return shape.isTaken(hasTask: parts.hasTask) ? nil : "the body \(shape.fault)\(exits)"
    }

    /// Python refuses integers of more digits, and so the whole envelope. The body is a text within it.
    private static func harm(ofNumbers parts: MessageParts, in bytes: [UInt8]) -> String? {
        let body = parts.body.start..<parts.body.start + parts.body.count
        var digits = 0
        for index in bytes.indices {
            guard bytes[index] &- 0x30 < 10, !body.contains(index) else {
                digits = 0
                continue
            }
            digits += 1
            if digits > MessageRules.maxIntegerDigits {
                return "it holds a number of more than \(MessageRules.maxIntegerDigits) digits: "
                    + "a worker that takes it exits"
            }
        }
        return nil
    }
}

/// What a decoded body is, as far as unpacking it goes.
private enum BodyShape {
    /// `[args, kwargs, embed]`, or with more or fewer elements.
    case array(Int)
    /// An object: protocol 1, if it has these.
    case object(hasTask: Bool, hasID: Bool, hasUsableLimits: Bool)
    /// Anything else.
    case scalar

    init(_ scanner: inout JsonScanner) throws(JsonError) {
        let whole = try scanner.scanValue(depth: 0)
        try scanner.finish()
        if let count = try MessageParts.count(of: whole, &scanner, depth: 0) {
            self = .array(count)
        } else if whole.kind == .object {
            let members = try MessageParts.members(of: whole, &scanner, depth: 0)
            self = .object(
                hasTask: members["task"] != nil, hasID: members["id"] != nil,
                hasUsableLimits: try MessageParts.isUsable(
                    limits: members["timelimit"], &scanner, depth: 1))
        } else {
            self = .scalar
        }
    }

    /// Whether a worker can unpack it; `hasTask`: the headers name the task.
    func isTaken(hasTask: Bool) -> Bool {
        guard hasTask else {
            // Without a task in headers and body, it is dropped.
            if case .object(true, let hasID, let hasUsableLimits) = self {
                return hasID && hasUsableLimits
            }
            return true
        }
        if case .array(3) = self { return true }
        return false
    }

    var fault: String {
        switch self {
        case .array(let count): "has \(count) elements instead of args, kwargs and embed"
        case .object: "is an object without what a task needs"
        case .scalar: "is no array of args, kwargs and embed"
        }
    }
}
