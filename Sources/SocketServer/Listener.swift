internal import EventLoop
internal import Glibc

/// A listening TCP socket of ours; accepted connections are given to libwebsockets.
///
/// libwebsockets could listen itself, but it neither says why it cannot, nor tells the port, nor
/// stops to listen while connections go on.
@LoopActor
final class Listener {
    /// Connections accepted in one turn of the loop; the rest waits, so that others get their turn.
    private static let acceptsPerTurn = 64
    private static let backlog: Int32 = 1024
    /// How long nothing is accepted after the system had no room for another connection. It waits in the
    /// kernel meanwhile; asking again at once would take a whole core for nothing.
    nonisolated static let pause = Duration.milliseconds(100)

    let address: SocketAddress
    private var descriptor: Int32
    private var poll: LoopPoll?
    private var pausing: LoopTimer?
    /// Takes the next connection of a listening descriptor, or fails with `errno`.
    private let take: (Int32) -> Int32

    init(
        address host: String, port: UInt16,
        take: @escaping (Int32) -> Int32 = { accept($0, nil, nil) }
    ) throws(SocketServerError) {
        self.take = take
        func failure(_ what: String) -> SocketServerError {
            let reason = unsafe String(cString: strerror(errno))
            let place = SocketAddress(host: host, port: port)
            return SocketServerError(
                code: .listen, message: "cannot listen on \(place): \(what): \(reason)")
        }
        var storage = sockaddr_storage()
        guard let length = SocketNames.fill(&storage, host: host, port: port) else {
            throw SocketServerError(
                code: .listen, message: "cannot listen on '\(host)': not an IPv4 or IPv6 address")
        }
        let descriptor = socket(
            Int32(storage.ss_family), Int32(SOCK_STREAM.rawValue | UInt32(SOCK_CLOEXEC.rawValue)),
            0)
        guard descriptor >= 0 else { throw failure("socket") }
        self.descriptor = descriptor
        SocketNames.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        let bound = unsafe SocketNames.withAddress(&storage) { unsafe bind(descriptor, $0, length) }
        guard bound == 0 else {
            defer { Glibc.close(descriptor) }
            throw failure("bind")
        }
        guard listen(descriptor, Self.backlog) == 0,
            fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0,
            let address = SocketNames.own(descriptor)
        else {
            defer { Glibc.close(descriptor) }
            throw failure("listen")
        }
        self.address = address
    }

    /// Watches for connections.
    ///
    /// - Parameters:
    ///   - exhausted: is told when the process or the system is out of descriptors or memory.
    ///   - accepted: owns each descriptor it gets.
    func start(
        exhausted: @escaping @LoopActor (String) -> Void,
        _ accepted: @escaping @LoopActor (Int32) -> Void
    ) {
        let poll = LoopPoll(descriptor: descriptor) { [unowned self] _ in
            for _ in 0..<Self.acceptsPerTurn {
                let client = take(descriptor)
                if client >= 0 {
                    accepted(client)
                    continue
                }
                switch errno {
                case EINTR, ECONNABORTED: continue
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    exhausted(unsafe String(cString: strerror(errno)))
                    rest()
                default: break
                }
                return
            }
        }
        poll.watch(.readable)
        self.poll = poll
    }

    private func rest() {
        poll?.watch([])
        pausing = LoopTimer(after: Self.pause) { [unowned self] in
            pausing = nil
            poll?.watch(.readable)
        }
    }

    func close() {
        pausing?.cancel()
        pausing = nil
        poll?.watch([])
        poll = nil
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    isolated deinit {
        close()
    }
}
