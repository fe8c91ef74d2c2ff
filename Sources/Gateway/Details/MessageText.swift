internal import Ports
internal import WireFormats

/// Waiting messages as they are shown.
enum MessageText {
    /// Messages in their order.
    ///
    /// - Parameters:
    ///   - offset: how many stand before them.
    ///   - isMasked: whether users' texts are hidden.
    ///   - isShown: whether a message is shown at all; the others keep their positions.
    static func json(
        _ messages: [QueueReader.Waiting], from offset: Int, isMasked: Bool,
        where isShown: (QueueReader.Waiting) -> Bool = { _ in true }
    ) -> JsonValue {
        .array(
            messages.enumerated().filter { isShown($0.element) }.map { number, message in
                row(of: message, position: offset + number, isMasked: isMasked)
            })
    }

    private static func row(
        of message: QueueReader.Waiting, position: Int, isMasked: Bool
    ) -> JsonValue {
        var members = [
            JsonMember("position", .integer(Int64(position))),
            JsonMember("step", .integer(Int64(message.step))),
            JsonMember("bytes", .integer(Int64(message.bytes))),
        ]
        func add(_ name: String, _ text: String?) {
            if let text { members.append(JsonMember(name, .string(text))) }
        }
        func add(_ name: String, _ number: Double?) {
            if let number { members.append(JsonMember(name, .number(number))) }
        }
        func add(_ name: String, count: Int?) {
            if let count { members.append(JsonMember(name, .integer(Int64(count)))) }
        }
        let preview = message.preview
        add("id", preview?.id ?? message.tail?.id)
        add("deliveryTag", message.deliveryTag)
        add("digest", message.digest)
        guard let preview else { return .object(members) }
        add("name", preview.task)
        add("shadow", preview.shadow)
        add("contentType", preview.contentType)
        add("exchange", preview.exchange)
        add("routingKey", preview.routingKey)
        add("priority", count: preview.priority)
        add("retries", count: preview.retries)
        add("eta", preview.eta)
        add("expires", preview.expires)
        add("timeLimit", preview.timeLimit)
        add("softTimeLimit", preview.softTimeLimit)
        add("parentId", preview.parentID)
        add("rootId", preview.rootID)
        add("groupId", preview.groupID)
        add("origin", preview.origin)
        if preview.isRedelivered { members.append(JsonMember("redelivered", true)) }
        if isMasked {
            add("args", preview.args.map { "(\($0.count) characters)" })
            add("kwargs", preview.kwargs.map { "(\($0.count) characters)" })
        } else {
            add("args", preview.args)
            add("kwargs", preview.kwargs)
            if let body = preview.body { members.append(JsonMember("body", body)) }
        }
        return .object(members)
    }
}
