internal import EventLoop
internal import Ports
internal import Synchronization

/// One TCP connection: what it is doing now.
@LoopActor
final class Connection {
    /// Objects alive in the process; a test watches that it falls back to zero.
    nonisolated static let alive = Atomic<Int>(0)

    enum Phase {
        /// Between requests, or the head of one is not complete.
        case idle
        /// The body of a request is coming.
        case readingBody(HttpRequest, startedAt: UInt64)
        /// The handler works on the answer.
        case waiting
        /// An answer is being written.
        case answering(Outgoing)
        /// The answer is out, but the peer still sends: what comes is thrown away.
        case lingering(discarded: Int)
        /// The handshake is accepted, the 101 not yet written.
        case upgrading(HttpRequest)
        /// A WebSocket.
        case socket
    }

    let number: UInt64
    let wsi: BorrowedWsi
    let peer: String
    var phase = Phase.idle
    /// Whether the present request lets the connection live after its answer.
    var keepsAlive = false
    /// Whether the present request is `HEAD`: its answer has no body.
    var isHead = false
    /// Whether libwebsockets will say that the body of a request without one is complete.
    var owesEmptyBody = false
    /// How messages are compressed, if the peer offered what we do.
    var deflate: DeflateOffer?
    /// Offers of it that libwebsockets has asked about.
    var deflateOffers = 0
    /// What the WebSocket needs; `nil` before the upgrade.
    var socket: SocketState? {
        didSet {
            guard let entry else { return }
            entry.table.set(takesFrames: socket?.takesFrames == true, of: entry.number)
        }
    }
    /// Its entry among the open WebSockets, from the upgrade until the connection is gone.
    var entry: Entry?

    /// An entry in a table, which is told when it changes whether frames may be written at once.
    struct Entry {
        let table: SocketTable
        let number: UInt64
    }

    init(number: UInt64, wsi: BorrowedWsi, peer: String) {
        self.number = number
        self.wsi = wsi
        self.peer = peer
        Self.alive.add(1, ordering: .relaxed)
    }

    deinit {
        Self.alive.subtract(1, ordering: .relaxed)
    }
}
