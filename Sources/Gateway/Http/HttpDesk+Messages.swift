internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/queues/{name}/messages?offset=&limit=`: what waits, next one first, untouched.
    func messages(_ call: RestCall) async -> HttpResponse {
        let queue = call.name
        guard let (offset, limit) = messagePage(call.request) else { return badMessagePage }
        if let refusal = QueueKeys.refusal(queue: queue) {
            return problem(400, "Bad request", "a queue's name \(refusal)")
        }
        do throws(BrokerError) {
            let (messages, total) = try await to.queues.peek(queue, offset: offset, limit: limit)
            return json([
                "queue": .string(queue), "total": .integer(Int64(total)),
                "messages": rows(of: messages, from: offset, isMasked: call.isMasked),
            ])
        } catch {
            return problem(
                503, "Service unavailable", "the broker cannot be asked now: \(error.message)",
                code: 1014)
        }
    }

    /// Which messages are asked for; `nil` if that cannot be read.
    func messagePage(_ request: HttpRequest) -> (offset: Int, limit: Int)? {
        guard let parameters = queryParameters(request.query),
            parameters.keys.allSatisfy({ $0 == "offset" || $0 == "limit" }),
            let offset = Int(parameters["offset"] ?? "0"), 0...1_000_000_000 ~= offset,
            let limit = Int(parameters["limit"] ?? "20"), 1...QueueReader.messagesShown ~= limit
        else { return nil }
        return (offset, limit)
    }

    var badMessagePage: HttpResponse {
        problem(
            400, "Bad request",
            "the parameters are offset, not negative, and limit, from 1 to "
                + "\(QueueReader.messagesShown)")
    }

    /// Messages as they are shown.
    func rows(
        of messages: [QueueReader.Waiting], from offset: Int, isMasked: Bool
    ) -> JsonValue {
        .array(
            messages.enumerated().map { number, message in
                row(of: message, position: offset + number, isMasked: isMasked)
            })
    }

    private func row(
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
