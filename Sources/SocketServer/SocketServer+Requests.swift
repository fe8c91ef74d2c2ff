internal import EventLoop
internal import Glibc
internal import Ports

extension SocketServer {
    /// The head of a request is complete, and it does not ask for an upgrade.
    ///
    /// - Returns: whether the connection goes on.
    func requestReceived(_ connection: Connection) -> Bool {
        admission?.ended(connection.number)
        let reader = RequestReader(wsi: connection.wsi, configuration: configuration)
        guard let head = reader.read(peer: connection.peer) else { return false }
        connection.keepsAlive = head.keepsAlive && !isStopped
        connection.isHead = head.request.method == "HEAD"
        if let refusal = refusal(head) {
            // What follows the head cannot be told from a next request: the connection ends.
            connection.keepsAlive = false
            return answer(connection, refusal)
        }
        let length = head.contentLength ?? 0
        if length == 0 {
            connection.owesEmptyBody = head.hasContentLength && head.request.method == "POST"
            return route(connection, head)
        }
        if head.expectsContinue {
            guard connection.wsi.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else {
                return false
            }
        }
        var request = head.request
        request.body.reserveCapacity(length)
        connection.phase = .readingBody(request, startedAt: LoopActor.loop.milliseconds)
        return true
    }

    /// Why a request cannot be served, from its head alone.
    private func refusal(_ head: RequestReader.Head) -> HttpResponse? {
        let limits = configuration.limits
        guard head.bytes <= limits.headerBytes else { return .refusal(431, "headers too large") }
        guard head.isClean else { return .refusal(400, "bad request line") }
        if head.hasTransferEncoding {
            // libwebsockets cannot read chunked bodies; with a length as well it is an attack.
            return head.hasContentLength
                ? .refusal(400, "both a length and a transfer encoding")
                : .refusal(411, "send a content-length; chunked bodies are not read")
        }
        if head.hasContentLength, head.contentLength == nil {
            return .refusal(400, "bad content-length")
        }
        if !head.hasContentLength, ["POST", "PUT", "PATCH"].contains(head.request.method) {
            return .refusal(411, "send a content-length")
        }
        guard head.contentLength ?? 0 <= limits.bodyBytes else {
            return .refusal(413, "body too large")
        }
        return nil
    }

    /// A piece of the body.
    func bodyReceived(_ connection: Connection, _ piece: [UInt8]) -> Bool {
        switch connection.phase {
        case .readingBody(var request, let startedAt):
            connection.phase = .idle
            request.body += piece
            connection.phase = .readingBody(request, startedAt: startedAt)
            return isFastEnough(request.body.count, since: startedAt)
        case .lingering(let discarded):
            connection.phase = .lingering(discarded: discarded + piece.count)
            return discarded + piece.count <= configuration.limits.bodyBytes
        default:
            return true
        }
    }

    /// Whether a body comes fast enough; each pause is bounded by libwebsockets, the sum by this.
    private func isFastEnough(_ count: Int, since start: UInt64) -> Bool {
        let limits = configuration.limits
        let grace = UInt64(limits.handshake.components.seconds) * 1000
        let allowed = grace + UInt64(count * 1000 / max(1, limits.bodyBytesPerSecond))
        return LoopActor.loop.milliseconds - start <= allowed
    }

    /// The body is complete.
    ///
    /// libwebsockets says so again for each look at bytes that follow the body. If both came in one
    /// piece with an earlier request, it would look for ever, inside one call: it must close.
    func bodyCompleted(_ connection: Connection) -> Bool {
        if connection.owesEmptyBody {
            connection.owesEmptyBody = false
            return true
        }
        switch connection.phase {
        case .readingBody(let request, _):
            return ask(connection, request)
        default:
            return false
        }
    }

    private func route(_ connection: Connection, _ head: RequestReader.Head) -> Bool {
        let request = head.request
        if request.method == "GET" || request.method == "HEAD",
            let file = files.file(at: request.path)
        {
            return answer(
                connection,
                file.response(acceptsGzip: head.acceptsGzip, ifNoneMatch: head.ifNoneMatch))
        }
        if request.path == configuration.socketPath {
            return answer(
                connection,
                .refusal(426, "this is a WebSocket", [("upgrade", "websocket")]))
        }
        return ask(connection, request)
    }

    /// Lets the handler answer; the loop goes on meanwhile.
    private func ask(_ connection: Connection, _ request: HttpRequest) -> Bool {
        connection.phase = .waiting
        // Nothing is read until the answer is out: libwebsockets would be woken again and again
        // by a next request, or by the end of the connection, without taking it.
        connection.wsi.allowReading(false)
        connection.wsi.setTimeout(configuration.limits.answer)
        let number = connection.number
        let handler = handler
        Task { @LoopActor [weak self] in
            let response = await handler.respond(to: request)
            self?.answerReady(number, response)
        }
        return true
    }

    /// The handler has answered; the connection may be gone.
    private func answerReady(_ number: UInt64, _ response: HttpResponse) {
        guard let connection = connections[number], case .waiting = connection.phase else { return }
        connection.phase = .answering(outgoing(connection, response))
        connection.wsi.setTimeout(configuration.limits.answer)
        connection.wsi.allowReading(true)
        connection.wsi.askForWritable()
    }

    /// Answers from inside a callback of the connection.
    ///
    /// - Returns: whether the connection goes on.
    func answer(_ connection: Connection, _ response: HttpResponse) -> Bool {
        connection.phase = .answering(outgoing(connection, response))
        connection.wsi.setTimeout(configuration.limits.answer)
        return answerWritable(connection)
    }

    private func outgoing(_ connection: Connection, _ response: HttpResponse) -> Outgoing {
        let head = ResponseHead(
            isSecure: connection.wsi.isSecure, keepsAlive: connection.keepsAlive)
        let hasBody = !connection.isHead && response.status != 204 && response.status != 304
        return Outgoing(
            head: head.bytes(response, length: response.body.count, at: HttpDate.now),
            body: hasBody ? response.body : [])
    }

    /// Writes as much of the answer as goes, and ends the request after the last byte.
    func answerWritable(_ connection: Connection) -> Bool {
        guard case .answering(var outgoing) = connection.phase else { return true }
        connection.phase = .idle
        while !outgoing.isDone, !connection.wsi.isPartial {
            guard connection.wsi.write(outgoing.next()) else { return false }
        }
        guard outgoing.isDone else {
            connection.phase = .answering(outgoing)
            connection.wsi.askForWritable()
            return true
        }
        if connection.keepsAlive {
            connection.wsi.clearTimeout()
            return connection.wsi.completeTransaction()
        }
        return linger(connection)
    }

    /// Ends a connection whose peer may still be sending.
    ///
    /// Closing with unread bytes makes the kernel send a reset, which can overtake the answer. So
    /// only our side is closed, and what comes is thrown away for a short time.
    private func linger(_ connection: Connection) -> Bool {
        guard !connection.wsi.isPartial, !connection.wsi.isSecure else { return false }
        connection.phase = .lingering(discarded: 0)
        shutdown(connection.wsi.descriptor, Int32(SHUT_WR))
        connection.wsi.setTimeout(configuration.limits.closing)
        return true
    }

    /// Bytes that libwebsockets does not take for HTTP, or a method that it does not know.
    func notHttp(_ connection: Connection, _ bytes: [UInt8]) {
        let word = bytes.prefix { $0 != 0x20 }
        let isMethod =
            !word.isEmpty && word.count <= 20 && word.count < bytes.count
            && word.allSatisfy { (0x41...0x5a).contains($0) }
        connection.keepsAlive = false
        let response: HttpResponse =
            isMethod
            ? .refusal(
                405, "unknown method",
                [("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")])
            : .refusal(400, "not HTTP")
        let outgoing = outgoing(connection, response)
        var rest = outgoing
        _ = connection.wsi.write(rest.next())
    }
}

extension HttpResponse {
    /// A refusal of the server itself, as `application/problem+json` (RFC 9457).
    ///
    /// - Parameter detail: fixed text without quotes and backslashes.
    static func refusal(
        _ status: Int, _ detail: String, _ headers: [(name: String, value: String)] = []
    ) -> HttpResponse {
        let title = ResponseHead.reason(status)
        return HttpResponse(
            status: status,
            headers: headers + [(name: "content-type", value: "application/problem+json")],
            body: Array(
                "{\"type\":\"about:blank\",\"title\":\"\(title)\",\"status\":\(status),\"detail\":\"\(detail)\"}"
                    .utf8))
    }
}
