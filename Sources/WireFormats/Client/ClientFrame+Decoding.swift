internal import LiveSync

extension ClientFrame {
    /// Reads one frame.
    ///
    /// - Parameter bytes: the text message.
    /// - Throws: why it is refused.
    package init(decoding bytes: [UInt8]) throws(FrameRefusal) {
        var limits = JsonLimits.client
        limits.maxStringBytes = ClientProtocol.argumentBytes
        let frame: JsonValue
        do {
            frame = try JsonReader.parse(bytes, limits: limits)
        } catch {
            throw FrameRefusal(
                FrameFault(.parse, "not the JSON we take: \(error)"), isMalformed: true)
        }
        guard frame.array == nil else {
            throw FrameRefusal(FrameFault(.invalidRequest, "batches are refused"))
        }
        guard frame["jsonrpc"] == "2.0", let method = frame["method"]?.string else {
            throw FrameRefusal(
                FrameFault(
                    .invalidRequest,
                    "a frame is one object with jsonrpc \"2.0\" and the name of a method"),
                isMalformed: true)
        }
        let params = frame["params"] ?? .object([])
        do throws(FrameRefusal) {
            self = try Self.frame(method, params, id: frame["id"])
        } catch {
            var refusal = error
            if method == "cmd.submit" { refusal.command = params["cmd"]?.string ?? "" }
            throw refusal
        }
    }

    private static func frame(
        _ method: String, _ params: JsonValue, id given: JsonValue?
    ) throws(FrameRefusal) -> ClientFrame {
        guard let given else { return try notification(method, params) }
        let id = try Self.id(given)
        do throws(FrameFault) {
            guard params.object != nil else {
                throw FrameFault(.invalidParams, "params must be an object")
            }
            guard hasShortTexts(params, of: method) else {
                throw FrameFault(
                    .tooLarge, "a text of more than \(ClientProtocol.stringBytes) bytes")
            }
            return .request(id, try call(method, params))
        } catch {
            throw FrameRefusal(error, id: id)
        }
    }

    private static func notification(
        _ method: String, _ params: JsonValue
    ) throws(FrameRefusal) -> ClientFrame {
        do throws(FrameFault) {
            guard method == "sub.ack" else {
                throw FrameFault(.invalidRequest, "only sub.ack may come without an id")
            }
            return .acknowledge(try acknowledgements(params))
        } catch {
            throw FrameRefusal(error, isMalformed: true)
        }
    }

    private static func id(_ value: JsonValue) throws(FrameRefusal) -> RequestID {
        switch value {
        case .integer(let number) where number.magnitude <= UInt64(ClientProtocol.largestInteger):
            return .number(number)
        case .string(let text) where text.utf8.count <= ClientProtocol.idBytes: return .text(text)
        default:
            throw FrameRefusal(
                FrameFault(
                    .invalidRequest, "id must be a whole number or at most 64 bytes of text"),
                isMalformed: true)
        }
    }

    /// True if no text is longer than allowed; a command's arguments may hold longer ones (R10).
    private static func hasShortTexts(_ params: JsonValue, of method: String) -> Bool {
        (params.object ?? []).allSatisfy { member in
            (method == "cmd.submit" && member.name == "args") || isShort(member.value)
        }
    }

    private static func isShort(_ value: JsonValue) -> Bool {
        switch value {
        case .string(let text), .bigInteger(let text):
            text.utf8.count <= ClientProtocol.stringBytes
        case .array(let elements): elements.allSatisfy { isShort($0) }
        case .object(let members):
            members.allSatisfy { isShort(.string($0.name)) && isShort($0.value) }
        case .null, .bool, .integer, .number: true
        }
    }

    /// Names of what a request may ask for.
    package static let methods = [
        "session.start", "session.refresh", "sub.open", "sub.close", "sub.resync", "view.open",
        "view.move", "view.close", "query", "events.open", "events.close", "cmd.submit",
        "cmd.plan", "cmd.read", "cmd.items", "queue.messages", "trash.messages",
    ]

    private static func call(
        _ method: String, _ params: JsonValue
    ) throws(FrameFault) -> ClientFrame.Call {
        switch method {
        case "session.start": return .start(try start(params))
        case "session.refresh": return .refresh(try proof(params["auth"] ?? .null))
        case "sub.open": return .open(try subscription(params))
        case "view.open": return .openView(try view(params))
        case "view.move":
            return .move(subscription: try number(params), after: try cursor(params["after"]))
        case "sub.close", "view.close": return .close(subscription: try number(params))
        case "sub.resync": return .resync(subscription: try number(params))
        case "query": return .query(try query(params))
        case "events.open": return .openEvents(try events(params))
        case "events.close": return .closeEvents(subscription: try number(params))
        case "cmd.submit": return .submit(try submission(params))
        case "cmd.plan": return .plan(try plan(params))
        case "cmd.read": return .read(try command(params))
        case "cmd.items": return .read(try outcomes(params))
        case "queue.messages": return .read(try messages(params))
        case "trash.messages": return .read(try trash(params))
        default:
            throw FrameFault(
                .unknownMethod,
                "unknown method \(method.prefix(64)); there are \(methods.joined(separator: ", "))")
        }
    }

    // MARK: - Parameters

    private static func start(_ params: JsonValue) throws(FrameFault) -> SessionStart {
        var major = ClientProtocol.major
        if let version = params["proto"], !version.isNull {
            guard let number = version["major"]?.integer else {
                throw FrameFault(.invalidParams, "proto.major must be a whole number")
            }
            major = Int(clamping: number)
        }
        let client = params["client"]
        let name = [client?["name"]?.string, client?["version"]?.string].compactMap { $0 }
        let instance = client?["instance"]?.string
        guard instance?.utf8.count ?? 0 <= ClientProtocol.nameBytes else {
            throw FrameFault(
                .invalidParams, "client.instance has at most \(ClientProtocol.nameBytes) bytes")
        }
        return SessionStart(
            major: major, proof: try proof(params["auth"] ?? .null),
            client: String(name.joined(separator: " ").prefix(ClientProtocol.nameBytes)),
            resume: params["resume"]?.string, instance: instance)
    }

    private static func proof(_ auth: JsonValue) throws(FrameFault) -> SessionStart.Proof {
        switch auth["kind"]?.string {
        case "cookie":
            // None is as good as a forged one, and ends the same way.
            return .cookie(csrf: auth["csrf"]?.string ?? "")
        case "bearer":
            guard let token = auth["token"]?.string else {
                throw FrameFault(.unauthenticated, "auth.token must be a text")
            }
            return .bearer(token)
        case "ticket":
            guard let ticket = auth["ticket"]?.string else {
                throw FrameFault(.unauthenticated, "auth.ticket must be a text")
            }
            return .ticket(ticket)
        case nil where auth.isNull: return .handshake
        default:
            throw FrameFault(.unauthenticated, "auth.kind must be cookie, ticket or bearer")
        }
    }

    private static func subscription(_ params: JsonValue) throws(FrameFault) -> SubscriptionRequest
    {
        var since: SyncPosition?
        if let value = params["since"], !value.isNull {
            guard let epoch = value["epoch"]?.string, let revision = value["rev"]?.integer,
                0...ClientProtocol.largestInteger ~= revision
            else {
                throw FrameFault(.invalidParams, "since must be {\"epoch\": text, \"rev\": number}")
            }
            since = SyncPosition(epoch: epoch, revision: Int(revision))
        }
        return SubscriptionRequest(
            subscription: try number(params), topic: try text(params, "topic", "topic"),
            filter: try filter(params["where"]), since: since, frequency: try frequency(params))
    }

    private static func view(_ params: JsonValue) throws(FrameFault) -> ViewRequest {
        var request = ViewRequest(
            subscription: try number(params), topic: try text(params, "topic", "topic"),
            filter: try filter(params["where"]), after: try cursor(params["after"]),
            frequency: try frequency(params))
        if let order = try order(params) {
            (request.order, request.descending) = order
        }
        request.limit = try limit(params) ?? request.limit
        if let mode = params["mode"], !mode.isNull {
            guard let known = mode.string.flatMap(WindowMode.init(rawValue:)) else {
                throw FrameFault(.invalidParams, "mode must be pinned or follow")
            }
            request.mode = known
        }
        return request
    }

    private static func query(_ params: JsonValue) throws(FrameFault) -> QueryRequest {
        var request = QueryRequest(
            topic: try text(params, "topic", "topic"), filter: try filter(params["where"]),
            after: try cursor(params["after"]))
        if let order = try order(params) {
            (request.order, request.descending) = order
        }
        request.limit = try limit(params) ?? request.limit
        return request
    }

    private static func order(
        _ params: JsonValue
    ) throws(FrameFault) -> (column: String, descending: Bool)? {
        guard let order = params["order"], !order.isNull else { return nil }
        guard let parts = order.array, parts.count == 2, let column = parts[0].string,
            let direction = parts[1].string, direction == "asc" || direction == "desc"
        else { throw FrameFault(.badFilter, "order must be [field, \"asc\" or \"desc\"]") }
        return (column, direction == "desc")
    }

    private static func limit(_ params: JsonValue) throws(FrameFault) -> Int? {
        guard let limit = params["limit"], !limit.isNull else { return nil }
        guard let count = limit.integer else {
            throw FrameFault(.invalidParams, "limit must be a whole number")
        }
        return Int(clamping: count)
    }

    private static func submission(_ params: JsonValue) throws(FrameFault) -> CommandSubmission {
        var deadline: Double?
        if let value = params["deadlineMs"], !value.isNull {
            guard let milliseconds = value.double, milliseconds > 0 else {
                throw FrameFault(.invalidParams, "deadlineMs must be a positive number")
            }
            deadline = milliseconds / 1000
        }
        return CommandSubmission(
            command: try text(params, "cmd", "cmd"), args: params["args"] ?? .null,
            expect: params["expect"] ?? .null, key: try text(params, "key", "key"),
            deadline: deadline)
    }

    private static func acknowledgements(
        _ params: JsonValue
    ) throws(FrameFault) -> [Acknowledgement] {
        guard let list = params["acks"]?.array, list.count <= ClientProtocol.acknowledgements else {
            throw FrameFault(
                .invalidParams, "acks must be at most \(ClientProtocol.acknowledgements) pairs")
        }
        var result: [Acknowledgement] = []
        for entry in list {
            guard let parts = entry.array, 2...3 ~= parts.count, let sub = parts[0].integer,
                let revision = parts[1].integer
            else { throw FrameFault(.invalidParams, "an ack is [sub, rev] or [sub, rev, part]") }
            result.append(
                Acknowledgement(
                    subscription: Int(clamping: sub), revision: Int(clamping: revision),
                    part: parts.count == 3 ? parts[2].integer.map { Int(clamping: $0) } : nil))
        }
        return result
    }

    // MARK: - Values

    static func number(_ params: JsonValue) throws(FrameFault) -> Int {
        guard let sub = params["sub"]?.integer, 0...Int64(ClientProtocol.largestSubscription) ~= sub
        else { throw FrameFault(.invalidParams, "sub must be a number that you choose") }
        return Int(sub)
    }

    private static func text(
        _ params: JsonValue, _ name: String, _ path: String
    ) throws(FrameFault) -> String {
        guard let text = params[name]?.string, text.utf8.count <= ClientProtocol.stringBytes else {
            throw FrameFault(.invalidParams, "\(path) must be a text")
        }
        return text
    }

    private static func frequency(_ params: JsonValue) throws(FrameFault) -> Double? {
        guard let value = params["maxHz"], !value.isNull else { return nil }
        guard let hertz = value.double, hertz > 0 else {
            throw FrameFault(.invalidParams, "maxHz must be a positive number")
        }
        return hertz
    }

    private static func cursor(_ value: JsonValue?) throws(FrameFault) -> SortBound? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.string, let bound = PageCursor.decode(text) else {
            throw FrameFault(.badFilter, "after must be the next of an earlier window")
        }
        return bound
    }
}
