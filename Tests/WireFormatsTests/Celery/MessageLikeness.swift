import Testing
import WireFormats

/// Captured task messages and the typed messages that mean the same.
enum MessageLikeness {
    /// A typed message with the meaning of a captured one.
    static func message(like envelope: JsonValue, body: JsonValue) throws -> TaskMessage {
        let headers = try #require(envelope["headers"])
        let properties = try #require(envelope["properties"])
        let parts = try #require(body.array)
        var message = TaskMessage(
            task: try #require(headers["task"]?.string), id: try #require(headers["id"]?.string),
            deliveryTag: try #require(properties["delivery_tag"]?.string))
        message.args = try #require(parts[0].array)
        message.kwargs = try #require(parts[1].object)
        message.queue = try #require(properties["delivery_info"]?["routing_key"]?.string)
        message.priority = properties["priority"]?.integer.map(Int.init)
        message.eta = headers["eta"]?.string
        message.expires = headers["expires"]?.string
        message.retries = Int(headers["retries"]?.integer ?? 0)
        message.timeLimit = headers["timelimit"]?.array?[0].double
        message.softTimeLimit = headers["timelimit"]?.array?[1].double
        message.shadow = headers["shadow"]?.string
        message.ignoreResult = headers["ignore_result"]?.bool
        message.rootID = headers["root_id"]?.string
        message.parentID = headers["parent_id"]?.string
        message.groupID = headers["group"]?.string
        message.groupIndex = headers["group_index"]?.integer.map(Int.init)
        message.origin = headers["origin"]?.string
        let embed = parts[2]
        message.callbacks = try signatures(embed["callbacks"])
        message.errbacks = try signatures(embed["errbacks"])
        message.chain = try signatures(embed["chain"]).reversed()
        if let chord = embed["chord"], !chord.isNull { message.chord = try signature(chord) }
        return message
    }

    private static func signatures(_ value: JsonValue?) throws -> [Signature] {
        try (value?.array ?? []).map(signature)
    }

    private static func signature(_ value: JsonValue) throws -> Signature {
        let options = value["options"]
        return Signature(
            try #require(value["task"]?.string), args: value["args"]?.array ?? [],
            kwargs: value["kwargs"]?.object ?? [], taskID: options?["task_id"]?.string,
            queue: options?["queue"]?.string, priority: options?["priority"]?.integer.map(Int.init),
            isImmutable: value["immutable"]?.bool ?? false,
            chordSize: value["chord_size"]?.integer.map(Int.init),
            callbacks: try signatures(options?["link"]),
            errbacks: try signatures(options?["link_error"]))
    }

    /// Fails where what we write for a message means something else than the captured one.
    ///
    /// - Parameter key: the list it was put on; nil if it was put on a wrong one on purpose.
    static func expect(
        _ message: TaskMessage, means envelope: JsonValue, _ body: JsonValue, key: String?,
        _ name: String
    ) throws {
        let payload = try message.encoded()
        if let key { #expect(message.key() == Array(key.utf8), "\(name)") }
        let written = try JsonReader.parse(payload, limits: .celery)
        for header in try #require(envelope["headers"]?.object) {
            // The client cuts long texts its own way, and adds stamps that we do not send.
            if ["argsrepr", "kwargsrepr", "stamped_headers", "stamps"].contains(header.name) {
                continue
            }
            guard let ours = written["headers"]?[header.name] else { continue }
            #expect(ours.double == header.value.double, "\(name) \(header.name)")
            if header.value.double == nil {
                #expect(ours == header.value, "\(name) \(header.name)")
            }
        }
        let properties = try #require(written["properties"])
        #expect(properties["correlation_id"] == envelope["properties"]?["correlation_id"])
        #expect(properties["delivery_info"] == envelope["properties"]?["delivery_info"])
        #expect(properties["priority"] == envelope["properties"]?["priority"])
        let ours = try Envelope(decoding: payload).json()
        #expect(ours.array?[0] == body.array?[0], "\(name)")
        #expect(Set(ours.array?[1].object ?? []) == Set(body.array?[1].object ?? []), "\(name)")
        for part in ["callbacks", "errbacks", "chain", "chord"] {
            let theirs = body.array?[2][part] ?? .null
            #expect((ours.array?[2][part] ?? .null).isNull == theirs.isNull, "\(name) \(part)")
        }
    }
}
