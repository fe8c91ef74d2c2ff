import Foundation

/// What a real worker takes without harm, written down a second time and apart from the encoder:
/// Foundation's JSON and base64, and the rules found by feeding real workers bad messages
/// (`Tests/Fixtures/celery/poison_messages.json`, `poison_pidbox.json`).
package enum WorkerRules {
    /// Which rule a message breaks.
    package struct Broken: Error, CustomStringConvertible {
        package var description: String
        init(_ description: String) { self.description = description }
    }

    private static func object(_ bytes: Data, _ what: String) throws -> [String: Any] {
        guard let value = try? JSONSerialization.jsonObject(with: bytes, options: .fragmentsAllowed)
        else { throw Broken("\(what) is not JSON") }
        guard let object = value as? [String: Any] else { throw Broken("\(what) is no object") }
        return object
    }

    private static func text(_ object: [String: Any], _ name: String) throws -> String {
        guard let text = object[name] as? String else { throw Broken("\(name) is no text") }
        return text
    }

    private static func isNull(_ value: Any?) -> Bool { value is NSNull }

    private static func isNumber(_ value: Any?) -> Bool {
        guard let number = value as? NSNumber else { return false }
        return number.doubleValue.isFinite && !(value is Bool && isBooleanLike(number))
    }

    private static func isBooleanLike(_ number: NSNumber) -> Bool {
        // SAFETY: the text belongs to the number, which lives until the end of this call.
        unsafe String(cString: number.objCType) == "c"
    }

    /// The parts without which a worker stops, reconnects for ever, or puts the message back.
    private static func envelope(_ payload: [UInt8]) throws -> (
        headers: [String: Any], properties: [String: Any], info: [String: Any], body: Data
    ) {
        guard payload.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw Broken("not plain ASCII")
        }
        let envelope = try object(Data(payload), "the envelope")
        guard try text(envelope, "content-type") == "application/json" else {
            throw Broken("content type")
        }
        guard let headers = envelope["headers"] as? [String: Any] else { throw Broken("headers") }
        guard let properties = envelope["properties"] as? [String: Any] else {
            throw Broken("properties")
        }
        guard try text(properties, "body_encoding") == "base64" else {
            throw Broken("body_encoding")
        }
        guard try !text(properties, "delivery_tag").isEmpty else { throw Broken("delivery_tag") }
        guard let info = properties["delivery_info"] as? [String: Any] else {
            throw Broken("delivery_info")
        }
        _ = try text(info, "exchange")
        _ = try text(info, "routing_key")
        guard let priority = properties["priority"] as? Int, (0...9).contains(priority) else {
            throw Broken("priority")
        }
        guard let body = Data(base64Encoded: try text(envelope, "body")), !body.isEmpty else {
            throw Broken("the body is no base64")
        }
        try noTypedValues(envelope)
        return (headers, properties, info, body)
    }

    /// An object with `__type__` makes kombu build a Python object, or fail.
    private static func noTypedValues(_ value: Any) throws {
        if let object = value as? [String: Any] {
            guard object["__type__"] == nil else { throw Broken("a typed value") }
            for member in object.values { try noTypedValues(member) }
        } else if let array = value as? [Any] {
            for element in array { try noTypedValues(element) }
        }
    }

    /// Checks a message for a queue's list.
    package static func checkTask(_ payload: [UInt8], queue: String) throws {
        let (headers, _, info, body) = try envelope(payload)
        // By a named exchange it is restored to all queues that are bound to it.
        guard try text(info, "exchange") != "" || text(info, "routing_key") == queue else {
            throw Broken("a restored message would go elsewhere")
        }
        guard try !text(headers, "task").isEmpty, try !text(headers, "id").isEmpty else {
            throw Broken("task or id")
        }
        for name in ["eta", "expires"] where !isNull(headers[name]) {
            let time = try text(headers, name)
            guard time.contains(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:?\d\d)$/)
            else { throw Broken(name) }
        }
        guard let limits = headers["timelimit"] as? [Any], limits.count == 2,
            limits.allSatisfy({ isNull($0) || isNumber($0) })
        else { throw Broken("timelimit") }
        guard let retries = headers["retries"] as? Int, retries >= 0 else {
            throw Broken("retries")
        }
        guard isNull(headers["ignore_result"]) || headers["ignore_result"] is Bool else {
            throw Broken("ignore_result")
        }
        guard headers["compression"] == nil else { throw Broken("compression") }
        try checkBody(body)
    }

    private static func checkBody(_ body: Data) throws {
        guard
            let parts = try? JSONSerialization.jsonObject(with: body) as? [Any], parts.count == 3,
            parts[0] is [Any], parts[1] is [String: Any], let embed = parts[2] as? [String: Any]
        else { throw Broken("the body is not [args, kwargs, embed]") }
        try noTypedValues(parts)
        guard Set(embed.keys) == ["callbacks", "errbacks", "chain", "chord"] else {
            throw Broken("embed")
        }
        for name in ["callbacks", "errbacks", "chain"] where !isNull(embed[name]) {
            guard let list = embed[name] as? [Any] else { throw Broken(name) }
            for signature in list { try checkSignature(signature) }
        }
        if !isNull(embed["chord"]) { try checkSignature(embed["chord"] as Any) }
    }

    private static func checkSignature(_ value: Any) throws {
        guard let signature = value as? [String: Any], let task = signature["task"] as? String,
            !task.isEmpty, signature["args"] is [Any], signature["kwargs"] is [String: Any],
            let options = signature["options"] as? [String: Any], signature["immutable"] is Bool,
            isNull(signature["subtask_type"])
        else { throw Broken("a signature") }
        for name in ["link", "link_error"] where options[name] != nil {
            guard let list = options[name] as? [Any] else { throw Broken(name) }
            for signature in list { try checkSignature(signature) }
        }
    }

    /// Checks a command for the pidbox channel.
    package static func checkControl(_ payload: [UInt8]) throws {
        let (headers, _, info, body) = try envelope(payload)
        guard try text(info, "exchange") == "celery.pidbox" else { throw Broken("exchange") }
        guard headers["clock"] == nil else { throw Broken("a clock that all workers would take") }
        let command = try object(body, "the body")
        try noTypedValues(command)
        let method = try text(command, "method")
        guard !["election", "objgraph", "memdump", "elect"].contains(method), !method.isEmpty else {
            throw Broken("method")
        }
        guard command["arguments"] is [String: Any] else { throw Broken("arguments") }
        if !isNull(command["destination"]) {
            guard let nodes = command["destination"] as? [Any], !nodes.isEmpty,
                nodes.allSatisfy({ ($0 as? String)?.isEmpty == false })
            else { throw Broken("destination") }
        } else if ["shutdown", "pool_restart", "pool_grow", "pool_shrink", "autoscale"].contains(
            method)
        {
            throw Broken("\(method) for the whole fleet")
        }
        guard isNull(command["pattern"]), isNull(command["matcher"]) else {
            throw Broken("pattern")
        }
        guard (command["ticket"] == nil) == (command["reply_to"] == nil) else {
            throw Broken("ticket")
        }
        if let reply = command["reply_to"] {
            guard let reply = reply as? [String: Any], try text(reply, "exchange").isEmpty,
                try !text(reply, "routing_key").isEmpty
            else { throw Broken("reply_to") }
        }
    }

    /// Checks an event that we publish: it must be about a task, and its clock small.
    package static func checkEvent(_ payload: [UInt8]) throws {
        let (_, _, info, body) = try envelope(payload)
        guard try text(info, "routing_key").hasPrefix("task.") else { throw Broken("routing_key") }
        let event = try object(body, "the event")
        guard try text(event, "type").hasPrefix("task-"), try !text(event, "hostname").isEmpty,
            try !text(event, "uuid").isEmpty, isNumber(event["timestamp"]),
            let clock = event["clock"] as? Int, (0...1000).contains(clock)
        else { throw Broken("an event") }
    }
}
