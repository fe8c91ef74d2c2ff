/// Writes the frames that the gateway sends, as UTF-8 JSON text.
package enum ServerFrame {
    // MARK: - Sessions

    /// `session.hello`, the first frame of every connection (R4).
    package static func hello(
        server: String, nonce: String, deadlineMilliseconds: Int, frameLimit: Int,
        inFlightLimit: Int, ratePerSecond: Int, subscriptionLimit: Int = 32
    ) -> [UInt8] {
        notification("session.hello") { writer in
            writer.member("server", server)
            writer.member(
                "proto",
                [
                    "major": .integer(Int64(ClientProtocol.major)),
                    "minor": .integer(Int64(ClientProtocol.minor)),
                ])
            writer.member("features", ["views", "ack", "query", "events"] as JsonValue)
            writer.member("nonce", nonce)
            writer.member("deadlineMs", deadlineMilliseconds)
            writer.member(
                "limits",
                [
                    "frame": .integer(Int64(frameLimit)),
                    "subs": .integer(Int64(subscriptionLimit)),
                    "inflight": .integer(Int64(inFlightLimit)),
                    "ratePerS": .integer(Int64(ratePerSecond)),
                ])
        }
    }

    /// `session.hb` (R49).
    ///
    /// - Parameters:
    ///   - revision: what the client has been told everything up to (`SyncEngine.bookmark(for:)`).
    ///   - now: unix seconds.
    ///   - asOf: receive time of the newest applied event or probe, unix seconds.
    ///   - ingest: `ok`, `lagging`, `down` or `reconciling`.
    ///   - shed: what is given up under load (R48): 1 everybody is told once a second only, 2 windows that
    ///     follow stand still too, 3 nobody new comes in either.
    package static func heartbeat(
        revision: Int, now: Double, asOf: Double?, ingest: String, shed: Int
    ) -> [UInt8] {
        notification("session.hb") { writer in
            writer.member("rev", revision)
            writer.member("t", Int(now * 1000))
            writer.member("asOf", asOf.map { Int($0 * 1000) })
            writer.member("ingest", ingest)
            writer.member("shed", shed)
        }
    }

    /// `session.bye` (2.11); the reason is cut to the 123 bytes that the close frame has for it (R55).
    ///
    /// - Parameter resume: an opaque text, if the client may come back with one.
    package static func bye(
        code: CloseCode, reason: String, retryAfterMilliseconds: Int?, resume: String? = nil
    ) -> [UInt8] {
        notification("session.bye") { writer in
            writer.member("code", Int(code.rawValue))
            writer.member("reason", reason.prefix(utf8: ClientProtocol.reasonBytes))
            if let wait = retryAfterMilliseconds { writer.member("retryAfterMs", wait) }
            if let resume { writer.member("resume", resume) }
        }
    }

    // MARK: - Answers

    /// The answer to a request.
    package static func result(_ id: RequestID, _ value: JsonValue) -> [UInt8] {
        var writer = JsonWriter()
        begin(&writer, id)
        writer.member("result", value)
        writer.endObject()
        return writer.bytes
    }

    /// The answer to a request, whose members are written one by one.
    static func result(
        _ id: RequestID, capacity: Int, _ members: (inout JsonWriter) -> Void
    ) -> [UInt8] {
        var writer = JsonWriter(capacity: capacity)
        begin(&writer, id)
        writer.name("result")
        writer.beginObject()
        members(&writer)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    /// The refusal of a request, or of a frame that was none.
    package static func error(_ id: RequestID?, _ fault: FrameFault) -> [UInt8] {
        var writer = JsonWriter()
        begin(&writer, id)
        var data: [JsonMember] = [
            JsonMember("retry", .bool(fault.retryAfterMilliseconds != nil)),
            JsonMember("retryAfterMs", .integer(Int64(fault.retryAfterMilliseconds ?? 0))),
        ]
        if !fault.detail.isNull { data.append(JsonMember("detail", fault.detail)) }
        writer.member(
            "error",
            [
                "code": .integer(Int64(fault.code.rawValue)), "message": .string(fault.message),
                "data": .object(data),
            ])
        writer.endObject()
        return writer.bytes
    }

    private static func begin(_ writer: inout JsonWriter, _ id: RequestID?) {
        writer.beginObject()
        writer.member("jsonrpc", "2.0")
        switch id {
        case .number(let number): writer.member("id", .integer(number))
        case .text(let text): writer.member("id", text)
        case nil: writer.member("id", JsonValue.null)
        }
    }

    static func notification(
        _ method: String, capacity: Int = 256, _ params: (inout JsonWriter) -> Void
    ) -> [UInt8] {
        var writer = JsonWriter(capacity: capacity)
        writer.beginObject()
        writer.member("jsonrpc", "2.0")
        writer.member("method", method)
        writer.name("params")
        writer.beginObject()
        params(&writer)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
