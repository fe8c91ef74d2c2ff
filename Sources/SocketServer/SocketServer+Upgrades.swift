internal import EventLoop
internal import Ports

extension SocketServer {
    /// A request asks for an upgrade; the answer to a refused one is written here.
    ///
    /// This is the one place where libwebsockets lets us answer: later it matches subprotocols,
    /// and ends the connection without a word if it finds none or does not like a header.
    ///
    /// - Returns: whether the upgrade goes on; otherwise the connection ends.
    func upgradeAsked(_ connection: Connection) -> Bool {
        admission?.ended(connection.number)
        let reader = RequestReader(wsi: connection.wsi, configuration: configuration)
        // libwebsockets has already refused what is neither `websocket` nor `h2c` with a 403,
        // freed the headers, and asks all the same.
        guard let upgrade = reader.header("upgrade"),
            var head = reader.read(peer: connection.peer)
        else { return false }
        connection.keepsAlive = false
        let protocols = reader.header("sec-websocket-protocol")
        head.request.headers["sec-websocket-protocol"] = protocols
        head.request.headers["origin"] = reader.header("origin")
        if let refusal = refusal(reader, head, upgrade: upgrade) {
            handshakesRejected[refusal.status, default: 0] += 1
            return refuse(connection, refusal)
        }
        switch handler.decideUpgrade(head.request) {
        case .refuse(let response):
            return refuse(connection, response)
        case .accept(let subprotocol):
            guard let offers = Self.offers(protocols), canMatch(subprotocol, in: offers) else {
                return refuse(connection, .refusal(400, "offer a subprotocol of this server"))
            }
            connection.deflate = reader.header("sec-websocket-extensions")
                .flatMap(DeflateOffer.init(choosing:))
            connection.phase = .upgrading(head.request)
            return true
        }
    }

    /// Whether the next offer of permessage-deflate is the one that was chosen; libwebsockets asks about one
    /// after the other, and about none behind one that was taken.
    func takesOffer(_ connection: Connection) -> Bool {
        defer { connection.deflateOffers += 1 }
        return connection.deflate?.place == connection.deflateOffers
    }

    private func refuse(_ connection: Connection, _ response: HttpResponse) -> Bool {
        let answer = answer(connection, response)
        // The end of the connection flushes what the kernel has not taken.
        _ = answer
        return false
    }

    /// What is wrong with a handshake (RFC 6455 4.2.1), before the gateway is asked.
    private func refusal(
        _ reader: RequestReader, _ head: RequestReader.Head, upgrade: String
    ) -> HttpResponse? {
        let limits = configuration.limits
        guard head.bytes <= limits.headerBytes else { return .refusal(431, "headers too large") }
        guard head.request.path == configuration.socketPath else {
            return .refusal(404, "no WebSocket here")
        }
        guard upgrade.lowercased() == "websocket", head.request.method == "GET", head.isClean,
            head.version == "HTTP/1.1", !head.hasTransferEncoding, head.contentLength ?? 0 == 0
        else { return .refusal(400, "only GET can be upgraded, and only to websocket") }
        let connection = reader.header("connection") ?? ""
        guard connection.utf8.count < Self.listRoom,
            connection.lowercased().split(separator: ",")
                .contains(where: { $0.filter { $0 != " " } == "upgrade" })
        else { return .refusal(400, "connection must say upgrade") }
        guard reader.header("sec-websocket-version") == "13" else {
            return .refusal(426, "version 13 only", [("sec-websocket-version", "13")])
        }
        // libwebsockets reads 255 bytes of this list and drops the connection over a longer one.
        guard reader.header("sec-websocket-extensions")?.utf8.count ?? 0 < 255 else {
            return .refusal(400, "sec-websocket-extensions too long")
        }
        guard Self.isKey(reader.header("sec-websocket-key") ?? ""),
            Self.isOneHost(reader.header("host") ?? "")
        else { return .refusal(400, "bad sec-websocket-key or host") }
        return fullness(head.request.peer).map { .refusal(503, $0, [("retry-after", "5")]) }
    }

    /// What there is too much of for another WebSocket from an address; `nil` if there is room (2.14).
    private func fullness(_ peer: String) -> String? {
        let limits = configuration.limits
        let isCounted = isCounted(peer)
        guard sockets.count < min(limits.sockets, SocketTable.most),
            !isCounted || socketsByAddress[peer, default: 0] < limits.socketsPerAddress
        else { return "too many connections" }
        guard strangers < limits.strangers,
            !isCounted || strangersByAddress[peer, default: 0] < limits.strangersPerAddress
        else { return "too many connections have not signed in yet" }
        guard upgrades.take(at: LoopActor.loop.milliseconds) else {
            return "too many connections at once"
        }
        return nil
    }

    /// Room that libwebsockets has for a list in a header; a longer one it drops silently.
    private static let listRoom = 127
    /// The same for one entry of the list.
    private static let entryRoom = 63

    /// The subprotocols that the client offers, or `nil` if libwebsockets could not read them.
    private static func offers(_ header: String?) -> [String]? {
        guard let header, header.utf8.count < listRoom else { return nil }
        let offers = header.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.filter { $0 != " " && $0 != "\t" } }
        let isReadable = offers.allSatisfy { offer in
            !offer.isEmpty && offer.utf8.count < entryRoom
                && offer.allSatisfy {
                    $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0))
                }
        }
        return isReadable ? offers : nil
    }

    /// Whether libwebsockets will choose this one: it takes the first offer that it knows.
    private func canMatch(_ subprotocol: String, in offers: [String]) -> Bool {
        offers.first { configuration.subprotocols.contains($0) } == subprotocol
    }

    /// Whether a `Host` is one name (RFC 9112 3.2): libwebsockets puts a comma between two.
    private static func isOneHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x2c }
    }

    /// Whether it is the base64 form of 16 bytes.
    private static func isKey(_ text: String) -> Bool {
        text.utf8.count == 24 && text.hasSuffix("==")
            && text.dropLast(2).allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+" || $0 == "/")
            }
    }
}
