internal import EventLoop
internal import Glibc
internal import Ports

/// One connection of an ingest thread: subscribes, drains the socket, gathers batches.
final class IngestStream<Item: Sendable> {
    /// What one step brought.
    struct Progress {
        var bytes = 0
        var messages = 0
    }

    private let settings: IngestSettings<Item>
    private let transport: Transport
    private let sink: PushSink<Item>
    private let reader: ReplyReader
    private let inbox: SubscriptionInbox<Item>
    private let waker: Waker
    private let wakeLoop: () -> Void
    private let scratch = ReadBuffer(bytes: 256 << 10)
    private var output: [UInt8] = []
    /// Whether the last read took all there was.
    private var isDrained = true
    /// Monotonic seconds of the last wait for messages.
    private var lastWait = -Double.infinity

    /// Probe notes and deadlines are looked at this often, in seconds, even if nothing comes.
    private static var leastAttention: Double { 0.25 }
    /// Unwritten `PING`s beyond this mean that the server reads nothing.
    private static var outputBytes: Int { 64 << 10 }

    init(
        _ settings: IngestSettings<Item>, link: Establisher.Link, inbox: SubscriptionInbox<Item>,
        waker: Waker, wakeLoop: @escaping () -> Void
    ) throws(LinkFailure) {
        self.settings = settings
        self.inbox = inbox
        self.waker = waker
        self.wakeLoop = wakeLoop
        transport = link.transport
        sink = PushSink(
            decode: settings.decode, probeChannel: settings.probeChannel,
            limits: settings.configuration.limits)
        reader = try ReplyReader(sink: sink, limits: settings.configuration.limits)
    }

    /// Subscribes and waits for the confirmations.
    func subscribe() throws(LinkFailure) {
        let deadline = Clocks.monotonic + settings.configuration.timeouts.connect.inSeconds
        CommandWriter.append([Array("PSUBSCRIBE".utf8)] + settings.patterns, to: &output)
        var expected = settings.patterns.count
        if settings.isProbed {
            CommandWriter.append([Array("SUBSCRIBE".utf8), settings.probeChannel], to: &output)
            expected += 1
        }
        while sink.confirmations < expected {
            guard Clocks.monotonic < deadline else {
                throw LinkFailure("the server did not confirm the subscription in time")
            }
            guard !waker.isAwake else { throw LinkFailure("stopped") }
            _ = try step(until: deadline)
        }
    }

    /// Asks for a sign of life.
    func ping() throws(LinkFailure) {
        guard output.count < Self.outputBytes else {
            throw LinkFailure("the server reads nothing any more")
        }
        CommandWriter.append("PING", to: &output)
        _ = try flush()
    }

    /// Reads once; if there is nothing, hands over what was gathered and waits for the socket.
    ///
    /// - Parameter deadline: monotonic seconds at which to return at the latest.
    func step(until deadline: Double) throws(LinkFailure) -> Progress {
        var progress = Progress()
        let isBlocked = try flush()
        if isDrained {
            // Nothing was left a moment ago: first the wait, then the next read.
            isDrained = false
            gather()
            wait(for: isBlocked ? POLLIN | POLLOUT : POLLIN, until: deadline)
        }
        let before = sink.messages
        switch unsafe transport.read(into: scratch.memory) {
        case .moved(let count):
            progress.bytes = count
            sink.isDropping = !inbox.hasRoom
            sink.arrived(at: SteadyClock.shared.now)
            try unsafe reader.feed(scratch.filled(count)) { () throws(LinkFailure) in
                if sink.isFull { handOver() }
            }
            // A short read has emptied a plain socket; TLS may hold another record.
            isDrained = unsafe transport.tls == nil && count < scratch.memory.count
        case .wantsRead:
            isDrained = true
        case .wantsWrite:
            wait(for: POLLOUT, until: deadline)
        case .ended:
            throw LinkFailure("the server closed the connection")
        case .failed(let reason):
            throw LinkFailure(reason)
        }
        if isDrained { handOver() }
        progress.messages = sink.messages - before
        return progress
    }

    /// Probes that came since the last call.
    func takeProbes() -> [Int] {
        guard !sink.probes.isEmpty else { return [] }
        defer { sink.probes = [] }
        return sink.probes
    }

    /// Puts what was gathered into the inbox and wakes the loop if it must be: the inbox says so only
    /// once, so nobody may pass over it, not even while the subscription is still being confirmed.
    func handOver() {
        guard sink.batch.messages + sink.batch.dropped > 0 else { return }
        if inbox.put(sink.takeBatch()) { wakeLoop() }
    }

    /// Lets messages gather if the socket was emptied a moment ago already.
    private func gather() {
        let seconds = settings.configuration.timeouts.gathering.inSeconds
        guard seconds > 0 else { return }
        defer { lastWait = Clocks.monotonic }
        guard Clocks.monotonic - lastWait < 2 * seconds else { return }
        var watched = pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&watched, 1, Int32(max(1, seconds * 1000)))
    }

    /// Writes what the socket takes; true if some is left.
    private func flush() throws(LinkFailure) -> Bool {
        while !output.isEmpty {
            switch unsafe output.withUnsafeBytes({ unsafe transport.write($0) }) {
            case .moved(let count): output.removeFirst(count)
            case .wantsRead: return false
            case .wantsWrite: return true
            case .ended: throw LinkFailure("the server closed the connection")
            case .failed(let reason): throw LinkFailure(reason)
            }
        }
        return false
    }

    private func wait(for events: Int32, until deadline: Double) {
        let seconds = min(Self.leastAttention, deadline - Clocks.monotonic)
        guard seconds > 0, !transport.hasBuffered else { return }
        var watched = [
            pollfd(fd: transport.descriptor, events: Int16(events), revents: 0),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&watched, 2, Int32(seconds * 1000 + 1))
    }
}
