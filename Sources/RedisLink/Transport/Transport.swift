internal import Glibc

/// A non-blocking byte stream to a server: a socket, with TLS on top once secured.
///
/// It is used by one thread at a time: the thread that establishes it, then the loop or the ingest
/// thread. Closing happens in ``close()`` or at the end of its life.
@safe final class Transport {
    /// What a read or write came to.
    enum Outcome: Equatable {
        /// This many bytes were moved, at least one.
        case moved(Int)
        /// Nothing now; try again when the socket is readable.
        case wantsRead
        /// Nothing now; try again when the socket is writable.
        case wantsWrite
        /// The server closed the stream in order.
        case ended
        /// The stream is broken.
        case failed(String)
    }

    private(set) var descriptor: Int32
    var tls: TLSSession?

    /// Starts to connect; the socket becomes writable when ``finishConnecting()`` can tell.
    init(connectingTo address: SocketAddress, name: String) throws(LinkFailure) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let made = socket(address.family, kind | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard made >= 0 else { throw .system("making a socket for \(name)") }
        descriptor = made
        if address.family != AF_UNIX {
            setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            setOption(SOL_SOCKET, SO_KEEPALIVE, 1)
            // Probes and deadlines notice a dead peer sooner; this is for a link without them.
            setOption(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
            setOption(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
            setOption(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        }
        let target = address.storage
        let result = unsafe withUnsafePointer(to: target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(made, $0, address.length)
            }
        }
        // A unix socket whose backlog is full answers EAGAIN and never becomes writable.
        guard result == 0 || errno == EINPROGRESS else { throw .system("connecting to \(name)") }
    }

    deinit { close() }

    /// Closes the stream; harmless the second time.
    func close() {
        guard descriptor >= 0 else { return }
        tls = nil
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// What came of connecting, once the socket is writable.
    func finishConnecting(name: String) throws(LinkFailure) {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            throw .system("connecting to \(name)")
        }
        guard code == 0 else { throw .system("connecting to \(name)", code) }
    }

    /// Whether decrypted bytes wait that the socket will not announce again.
    var hasBuffered: Bool { tls?.hasBuffered ?? false }

    /// Reads what is there into `target`, which must not be empty.
    func read(into target: UnsafeMutableRawBufferPointer) -> Outcome {
        if let tls { return unsafe tls.read(into: target) }
        let count = unsafe recv(descriptor, target.baseAddress, target.count, 0)
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended }
        return Self.outcome(of: errno, blocked: .wantsRead)
    }

    /// Writes as much of `source`, which must not be empty, as the socket takes.
    func write(_ source: UnsafeRawBufferPointer) -> Outcome {
        if let tls { return unsafe tls.write(source) }
        let count = unsafe send(
            descriptor, source.baseAddress, source.count, Int32(MSG_NOSIGNAL))
        if count >= 0 { return .moved(count) }
        return Self.outcome(of: errno, blocked: .wantsWrite)
    }

    static func outcome(of code: Int32, blocked: Outcome) -> Outcome {
        switch code {
        case EAGAIN, EINTR: blocked
        default: .failed(LinkFailure.system("connection", code).reason)
        }
    }

    private func setOption(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // A refused option costs latency or a late notice, never correctness.
        _ = unsafe setsockopt(
            descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
