internal import Glibc
internal import Ports

/// Drives a transport from a thread that may wait, up to a deadline or until it is woken.
struct BlockingChannel {
    let transport: Transport
    let waker: Waker
    /// Monotonic seconds after which everything fails.
    let deadline: Double
    /// Whom we talk to, for messages.
    let name: String

    /// Connects to an endpoint, through TLS if the login says so.
    init(
        to endpoint: RedisEndpoint, tls options: TLSOptions?, timeout: Double, waker: Waker
    ) throws(LinkFailure) {
        let name = endpoint.description
        let addresses = try SocketAddress.resolve(endpoint)
        let deadline = Clocks.monotonic + timeout
        var last = LinkFailure("no address found for \(name)")
        for address in addresses {
            do throws(LinkFailure) {
                let transport = try Transport(connectingTo: address, name: name)
                self.init(transport: transport, waker: waker, deadline: deadline, name: name)
                try wait(for: POLLOUT)
                try transport.finishConnecting(name: name)
                if let options { try secure(endpoint, options) }
                return
            } catch {
                last = error
                if waker.isAwake || Clocks.monotonic >= deadline { break }
            }
        }
        throw last
    }

    private init(transport: Transport, waker: Waker, deadline: Double, name: String) {
        self.transport = transport
        self.waker = waker
        self.deadline = deadline
        self.name = name
    }

    /// The same channel with another deadline, `timeout` seconds from now.
    func lasting(_ timeout: Double) -> BlockingChannel {
        BlockingChannel(
            transport: transport, waker: waker, deadline: Clocks.monotonic + timeout, name: name)
    }

    private func secure(
        _ endpoint: RedisEndpoint, _ options: TLSOptions
    ) throws(LinkFailure) {
        let host: String? = if case .tcp(let host, _) = endpoint { host } else { nil }
        let session = try TLSSession(
            descriptor: transport.descriptor, host: host, options: options)
        do throws(LinkFailure) {
            while try !advance(session.shakeHands()) {}
        } catch {
            throw LinkFailure("\(error.reason) (TLS handshake)")
        }
        transport.tls = session
    }

    /// Sends all bytes.
    func write(_ bytes: [UInt8]) throws(LinkFailure) {
        var offset = 0
        while offset < bytes.count {
            let outcome = unsafe bytes.withUnsafeBytes {
                unsafe transport.write(UnsafeRawBufferPointer(rebasing: $0[offset...]))
            }
            if case .moved(let count) = outcome {
                offset += count
            } else {
                _ = try advance(outcome)
            }
        }
    }

    /// Reads once, at least one byte.
    func read(into target: UnsafeMutableRawBufferPointer) throws(LinkFailure) -> Int {
        while true {
            let outcome = unsafe transport.read(into: target)
            if case .moved(let count) = outcome { return count }
            _ = try advance(outcome)
        }
    }

    /// Sends a request and takes `count` replies; `take` gets each and may refuse it.
    func exchange(
        _ request: [UInt8], replies count: Int, limits: RedisLimits,
        _ take: (RESPValue) throws(LinkFailure) -> Void
    ) throws(LinkFailure) {
        let builder = ReplyBuilder(limits: limits)
        let reader = try ReplyReader(sink: builder, limits: limits)
        let buffer = ReadBuffer(bytes: 16 << 10)
        var missing = count
        try write(request)
        while missing > 0 {
            let size = try unsafe read(into: buffer.memory)
            try unsafe reader.feed(buffer.filled(size)) { () throws(LinkFailure) in
                missing -= 1
                try take(builder.takeReply())
            }
        }
    }

    /// Goes on after an outcome: true if bytes moved, otherwise waits for the socket.
    private func advance(_ outcome: Transport.Outcome) throws(LinkFailure) -> Bool {
        switch outcome {
        case .moved: return true
        case .wantsRead: try wait(for: POLLIN)
        case .wantsWrite: try wait(for: POLLOUT)
        case .ended: throw LinkFailure("\(name) closed the connection")
        case .failed(let reason): throw LinkFailure("\(name): \(reason)")
        }
        return false
    }

    private func wait(for events: Int32) throws(LinkFailure) {
        while true {
            let remaining = deadline - Clocks.monotonic
            guard remaining > 0 else { throw LinkFailure("\(name) did not answer in time") }
            var watched = [
                pollfd(fd: transport.descriptor, events: Int16(events), revents: 0),
                pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let milliseconds = Int32(min(remaining * 1000 + 1, 60_000))
            _ = unsafe poll(&watched, 2, milliseconds)
            guard !waker.isAwake else { throw LinkFailure("stopped") }
            if watched[0].revents != 0 { return }
        }
    }
}
