package import EventLoop

/// An HTTP request whose head has been read; `body` is complete (bounded by the server's limit).
package struct HttpRequest: Sendable {
    /// `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE` or `OPTIONS`.
    package var method: String
    /// The path without the query, percent-encoding as received, always starting with `/`.
    package var path: String
    /// The query without `?`, as received; empty if there is none.
    package var query: String
    /// Header values by lower-case name; only those the server was told to read.
    package var headers: [String: String]
    /// The body.
    package var body: [UInt8]
    /// Address of the peer, such as `127.0.0.1`.
    package var peer: String
    /// Whether the request came over TLS.
    package var isSecure: Bool
    /// The public key (SubjectPublicKeyInfo, DER) of the client certificate that was verified when the
    /// connection was made; `nil` if none was shown. Never by the word of a proxy.
    package var certificateKey: [UInt8]?

    /// Makes a request.
    package init(
        method: String, path: String, query: String = "", headers: [String: String] = [:],
        body: [UInt8] = [], peer: String = "", isSecure: Bool = false,
        certificateKey: [UInt8]? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
        self.isSecure = isSecure
        self.certificateKey = certificateKey
    }
}

/// An HTTP answer; the server adds `content-length`, `date` and the security headers.
package struct HttpResponse: Sendable {
    /// The status code.
    package var status: Int
    /// Header names (lower-case) and values.
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: [UInt8]

    /// Makes an answer.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Names one WebSocket for its life; never reused in a process.
package struct SocketID: Hashable, Sendable {
    /// A number that counts up.
    package let number: UInt64

    /// Makes a name from its number.
    package init(number: UInt64) { self.number = number }
}

/// What to do with a request to become a WebSocket.
package enum UpgradeDecision: Sendable {
    /// Accept with this subprotocol.
    case accept(subprotocol: String)
    /// Answer this instead, before any upgrade.
    case refuse(HttpResponse)
}

/// What the socket server asks the gateway. All calls come on the loop.
@LoopActor
package protocol SocketServerHandler: AnyObject {
    /// Answers an HTTP request that is not for a static file; called once the body is complete.
    func respond(to request: HttpRequest) async -> HttpResponse

    /// Decides on a WebSocket handshake; at once, before the upgrade.
    func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision

    /// A WebSocket is open; `request` is the one that `decideUpgrade` saw.
    func socketOpened(_ socket: SocketID, request: HttpRequest)

    /// A whole text message came (UTF-8 checked, within the frame limit).
    func socketReceived(_ socket: SocketID, text: [UInt8])

    /// A whole binary message came; only if the server was told to take them.
    func socketReceived(_ socket: SocketID, binary: [UInt8])

    /// All that was sent has been handed to the kernel, after a time when it had not.
    func socketDrained(_ socket: SocketID)

    /// The WebSocket is gone; `code` is the peer's or ours, 1006 if there was none.
    func socketClosed(_ socket: SocketID, code: UInt16)
}

extension SocketServerHandler {
    /// Passes it over.
    package func socketReceived(_ socket: SocketID, binary: [UInt8]) {}
}

/// What the gateway can do with sockets. On the loop only.
@LoopActor
package protocol SocketOutput: AnyObject {
    /// Writes frames at once, or keeps them until the socket is writable again.
    ///
    /// - Returns: whether the kernel took it all; `false` means: wait for `socketDrained`.
    @discardableResult
    func send(_ frames: [SharedFrame], to socket: SocketID) -> Bool

    /// Writes the same frames to each of many sockets, or keeps them as ``send(_:to:)`` does for one.
    func send(_ frames: [SharedFrame], to sockets: [SocketID])

    /// Whether all that was sent to the socket has been taken by the kernel.
    func isDrained(_ socket: SocketID) -> Bool

    /// Closes with a code (RFC 6455 7.4) and a reason of at most 123 bytes.
    func close(_ socket: SocketID, code: UInt16, reason: String)

    /// Its peer has said who it is, and may stay: the socket is none of the strangers any more, of whom there
    /// may be few.
    func recognize(_ socket: SocketID)

    /// Stops accepting connections; open ones go on.
    func stopListening()

    /// WebSockets open now.
    var socketCount: Int { get }

    /// Handshakes that were refused without asking the gateway, by status: for their form, or because there
    /// are too many.
    var handshakesRejected: [Int: Int] { get }
}

extension SocketOutput {
    /// Writes to one after the other.
    package func send(_ frames: [SharedFrame], to sockets: [SocketID]) {
        for socket in sockets { send(frames, to: socket) }
    }

    /// Writes one frame.
    @discardableResult
    package func send(_ frame: SharedFrame, to socket: SocketID) -> Bool {
        send([frame], to: socket)
    }
}
