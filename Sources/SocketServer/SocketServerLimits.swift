/// The bounds of everything a peer can make grow, and the times after which it is cut off.
///
/// The figures are those of docs/protocol.md 2.14; tests set smaller ones.
package struct SocketServerLimits: Sendable {
    /// Bytes of one message from a client, all its fragments together; beyond: close 1009.
    package var messageBytes = 64 * 1024
    /// Fragments of one message; beyond: close 1009. Stops endless messages of tiny fragments.
    package var fragments = 256
    /// Bytes of a request's body; beyond: 413.
    package var bodyBytes = 1024 * 1024
    /// Bytes of a request's header names and values; beyond: 431. libwebsockets is given half as
    /// much again, so that a little too much is answered and only far too much is cut off.
    package var headerBytes = 16 * 1024
    /// Requests whose heads are being read or answered at the same time; others wait their turn.
    package var requestsInFlight = 2_048
    /// WebSockets open at the same time; beyond: 503.
    package var sockets = 20_000
    /// WebSockets from one address; beyond: 503.
    package var socketsPerAddress = 50
    /// Strangers among the WebSockets: those whose peers have not said who they are; beyond: 503.
    package var strangers = 2_000
    /// Strangers from one address; beyond: 503.
    package var strangersPerAddress = 20
    /// TCP connections, whatever they carry; beyond: closed at once.
    package var connections = 24_000
    /// TCP connections from one address; beyond: closed at once.
    package var connectionsPerAddress = 200
    /// Whether the three bounds per address hold for this machine's own addresses too. They do not
    /// by default: all clients of a reverse proxy have its address.
    package var isLoopbackCounted = false
    /// Handshakes to become a WebSocket per second; beyond: 503 with `retry-after` (decision 0018).
    package var upgradesPerSecond = 1_000
    /// Handshakes of TLS that begin per second in the long run, and so many more at once; others wait in a
    /// queue (decision 0019).
    package var tlsHandshakesPerSecond = 1_000
    /// Handshakes of TLS that begin at once after a rest.
    package var tlsHandshakesAtOnce = 200
    /// Handshakes of TLS that are under way, each counted for a second at most; others wait in the queue.
    package var tlsHandshakesUnderWay = 500
    /// Connections whose handshake of TLS waits for its turn; beyond: closed at once.
    package var tlsHandshakesWaiting = 400
    /// Bytes kept for one socket while its peer does not read; beyond: close 4408.
    package var pendingBytes = 256 * 1024
    /// Frames kept for one socket while its peer does not read; beyond: close 4408.
    package var pendingFrames = 64
    /// Time for the head of a request, the TLS handshake, and each pause in a body.
    package var handshake = Duration.seconds(5)
    /// Body bytes a peer must send per second once the handshake time is used up.
    package var bodyBytesPerSecond = 16 * 1024
    /// Time for the handler's answer.
    package var answer = Duration.seconds(60)
    /// Time a keep-alive connection may wait for its next request.
    package var keepAlive = Duration.seconds(15)
    /// Time between pings on a socket.
    package var pingEvery = Duration.seconds(30)
    /// Silence after which a socket is cut off; longer than ``pingEvery``.
    package var silence = Duration.seconds(45)
    /// Pieces of messages that are read and thrown away behind our Close frame, for they may have been
    /// under way; beyond: nothing is read any more. Tiny fragments cost the loop as much as large ones.
    package var piecesBehindClose = 1_024
    /// Time the peer has to answer our Close frame, or to read a refusal while it still sends.
    package var closing = Duration.seconds(2)
    /// Bytes of one file of the web folder.
    package var fileBytes = 8 * 1024 * 1024
    /// Files of the web folder.
    package var files = 2_000

    /// The default bounds.
    package init() {}

    /// Allows so many WebSockets from one address, and as many more strangers and connections as go with them.
    package mutating func allow(perAddress most: Int) {
        socketsPerAddress = most
        connectionsPerAddress = max(connectionsPerAddress, most)
        strangersPerAddress = max(strangersPerAddress, most * 2 / 5)
    }
}
