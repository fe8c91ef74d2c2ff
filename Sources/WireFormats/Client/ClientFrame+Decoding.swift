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
            let fault = FrameFault(.parse, "not the JSON we take: \(error)")
            throw FrameRefusal(id: nil, fault: fault, isMalformed: true)
        }
        guard frame.object != nil else {
            let what = frame.array == nil ? "a frame is one JSON object" : "batches are refused"
            throw FrameRefusal(
                id: nil, fault: FrameFault(.invalidRequest, what), isMalformed: true)
        }
        guard frame["jsonrpc"] == "2.0", let method = frame["method"]?.string else {
            throw FrameRefusal(
                id: nil,
                fault: FrameFault(.invalidRequest, "jsonrpc must be \"2.0\" and method a text"),
                isMalformed: true)
        }
        let params = frame["params"] ?? .object([])
        if frame["id"] == nil {
            self = try Self.notification(method, params)
            return
        }
        let id = try Self.id(frame["id"] ?? .null)
        do throws(FrameFault) {
            guard params.object != nil else {
                throw FrameFault(.invalidParams, "params must be an object")
            }
            self = .request(id, try Self.call(method, params))
        } catch {
            throw FrameRefusal(id: id, fault: error, isMalformed: false)
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
            throw FrameRefusal(id: nil, fault: error, isMalformed: true)
        }
    }

    private static func id(_ value: JsonValue) throws(FrameRefusal) -> RequestID {
        switch value {
        case .integer(let number) where number.magnitude <= UInt64(ClientProtocol.largestInteger):
            return .number(number)
        case .string(let text) where text.utf8.count <= ClientProtocol.idBytes: return .text(text)
        default:
            throw FrameRefusal(
                id: nil,
                fault: FrameFault(
                    .invalidRequest, "id must be a whole number or at most 64 bytes of text"),
                isMalformed: true)
        }
    }

    private static func call(
        _ method: String, _ params: JsonValue
    ) throws(FrameFault) -> ClientFrame.Call {
        switch method {
        case "session.start": return .start(try start(params))
        case "sub.open": return .open(try subscription(params))
        case "view.open": return .openView(try view(params))
        case "view.move":
            return .move(subscription: try number(params), after: try cursor(params["after"]))
        case "sub.close", "view.close": return .close(subscription: try number(params))
        case "sub.resync": return .resync(subscription: try number(params))
        case "cmd.submit": return .submit(try submission(params))
        default:
            throw FrameFault(.unknownMethod, "unknown method \(method.prefix(64))")
        }
    }

    // MARK: - Parameters

    private static func start(_ params: JsonValue) throws(FrameFault) -> SessionStart {
        guard let major = params["proto"]?["major"]?.integer else {
            throw FrameFault(.invalidParams, "proto.major is missing")
        }
        let auth = params["auth"] ?? .null
        let proof: SessionStart.Proof
        switch auth["kind"]?.string {
        case "cookie": proof = .cookie(csrf: try text(auth, "csrf", "auth.csrf"))
        case "bearer": proof = .bearer(try text(auth, "token", "auth.token"))
        case nil where auth.isNull: proof = .handshake
        default: throw FrameFault(.invalidParams, "auth.kind must be cookie or bearer")
        }
        let client = params["client"]
        let name = [client?["name"]?.string, client?["version"]?.string].compactMap { $0 }
        return SessionStart(
            major: Int(clamping: major), proof: proof,
            client: String(name.joined(separator: " ").prefix(ClientProtocol.nameBytes)),
            wantsResume: params["resume"]?.string != nil)
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
        if let order = params["order"], !order.isNull {
            guard let parts = order.array, parts.count == 2, let column = parts[0].string,
                let direction = parts[1].string, direction == "asc" || direction == "desc"
            else { throw FrameFault(.badFilter, "order must be [field, \"asc\" or \"desc\"]") }
            request.order = column
            request.descending = direction == "desc"
        }
        if let limit = params["limit"], !limit.isNull {
            guard let count = limit.integer else {
                throw FrameFault(.invalidParams, "limit must be a whole number")
            }
            request.limit = Int(clamping: count)
        }
        if let mode = params["mode"], !mode.isNull {
            guard let known = mode.string.flatMap(WindowMode.init(rawValue:)) else {
                throw FrameFault(.invalidParams, "mode must be pinned or follow")
            }
            request.mode = known
        }
        return request
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

    private static func number(_ params: JsonValue) throws(FrameFault) -> Int {
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

    /// A cursor is what a window's `next` said: `[key, handle]`.
    private static func cursor(_ value: JsonValue?) throws(FrameFault) -> SortBound? {
        guard let value, !value.isNull else { return nil }
        guard let parts = value.array, parts.count == 2, let handle = parts[1].integer else {
            throw FrameFault(.badFilter, "after must be the next of an earlier window")
        }
        return SortBound(key: try field(parts[0]), handle: Int(clamping: handle))
    }

    private static func filter(_ value: JsonValue?) throws(FrameFault) -> FilterExpression? {
        guard let value, !value.isNull else { return nil }
        return try expression(value)
    }

    private static func expression(_ value: JsonValue) throws(FrameFault) -> FilterExpression {
        guard let parts = value.array, let name = parts.first?.string else {
            throw FrameFault(.badFilter, "a filter is an array such as [\"eq\", field, value]")
        }
        switch (name, parts.count) {
        case ("and", _):
            var all: [FilterExpression] = []
            for part in parts.dropFirst() { all.append(try expression(part)) }
            return .and(all)
        case ("eq", 3): return .eq(try column(parts[1]), try field(parts[2]))
        case ("in", 3):
            guard let values = parts[2].array else {
                throw FrameFault(.badFilter, "in takes [\"in\", field, [values]]")
            }
            var fields: [FieldValue] = []
            for value in values { fields.append(try field(value)) }
            return .isIn(try column(parts[1]), fields)
        case ("range", 4):
            return .range(try column(parts[1]), from: try field(parts[2]), to: try field(parts[3]))
        case ("prefix", 3):
            guard let text = parts[2].string else {
                throw FrameFault(.badFilter, "prefix takes a text")
            }
            return .prefix(try column(parts[1]), text)
        default:
            throw FrameFault(.badFilter, "a filter is made of and, eq, in, range, prefix")
        }
    }

    private static func column(_ value: JsonValue) throws(FrameFault) -> String {
        guard let name = value.string else {
            throw FrameFault(.badFilter, "the second element of a filter names a field")
        }
        return name
    }

    private static func field(_ value: JsonValue) throws(FrameFault) -> FieldValue {
        switch value {
        case .null: return .absent
        case .bool(let flag): return .bool(flag)
        case .integer(let number) where number.magnitude <= UInt64(ClientProtocol.largestInteger):
            return .int(Int(number))
        case .number(let number) where number.isFinite: return .double(number)
        case .string(let text): return .text(text)
        default: throw FrameFault(.badFilter, "a filter compares with scalars only")
        }
    }
}
