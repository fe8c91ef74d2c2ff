internal import CLibwebsockets  // for the flags of recv(2), too
internal import EventLoop
internal import Glibc
internal import Ports

/// Where new connections of a TLS server wait until their handshake may begin (decision 0019).
///
/// The handshakes of a crowd that all began at once would share what there is, and all end late. Here they begin
/// at a pace, few are under way at a time, and whoever would have to wait for long is let go before it costs
/// anything. Whoever dawdles is soon not counted any more, so that others need not wait for it.
/// Only whole hellos are counted, so that nobody who says nothing, or half a hello, keeps others out: such wait
/// beside, for as long as a handshake may take.
@LoopActor
final class TlsAdmission {
    /// How a connection left.
    enum Outcome {
        /// Its descriptor is the caller's now.
        case admitted(Int32)
        /// It is closed: too many wait.
        case refused
        /// It is closed: its hello did not come in time, or the server stops.
        case silent
    }

    /// A connection that waits.
    @LoopActor
    private final class Visitor {
        let descriptor: Int32
        let peer: String
        /// Bytes that must have come before another look; 0 before the first one.
        var awaited = 0
        /// Both until the hello is here.
        var poll: LoopPoll?
        var patience: LoopTimer?

        init(_ descriptor: Int32, peer: String) {
            self.descriptor = descriptor
            self.peer = peer
        }
    }

    /// How often the pace is looked at while somebody waits for it.
    private nonisolated static let beat = Duration.milliseconds(5)

    /// `MSG_PEEK | MSG_DONTWAIT`: what is there, and it stays there.
    private nonisolated static let peek = Int32(MSG_PEEK | MSG_DONTWAIT)

    /// For so long a handshake counts as under way, unless it ends before.
    nonisolated static let counted = Duration.seconds(1)

    private let most: Int
    private let mostAtWork: Int
    private let patience: Duration
    private var pace: TokenBucket
    private let left: @LoopActor (_ peer: String, Outcome) -> Void
    /// Those whose hello is not here, by descriptor.
    private var silent: [Int32: Visitor] = [:]
    /// Those whose hello is, by numbers that follow each other: the first one is next.
    private var queue: [UInt64: Visitor] = [:]
    private var first: UInt64 = 0
    /// Handshakes under way, by what the caller calls them, and when each is not counted any more.
    private var atWork: [UInt64: LoopTimer] = [:]
    private var clock: LoopTimer?
    /// How often somebody's bytes were looked at: a half hello must not be looked at again and again.
    private(set) var looks = 0
    private var scratch = [UInt8](repeating: 0, count: FirstRecord.mostBytes)

    /// - Parameters:
    ///   - limits: the pace, the length of the queue, and the patience.
    ///   - left: is told once of each connection.
    init(
        limits: SocketServerLimits, left: @escaping @LoopActor (_ peer: String, Outcome) -> Void
    ) {
        most = limits.tlsHandshakesWaiting
        mostAtWork = limits.tlsHandshakesUnderWay
        patience = limits.handshake
        pace = TokenBucket(
            rate: Double(limits.tlsHandshakesPerSecond), burst: Double(limits.tlsHandshakesAtOnce),
            now: Self.seconds)
        self.left = left
    }

    /// Connections in here.
    var count: Int { silent.count + queue.count }

    /// Takes an accepted connection in.
    func add(_ descriptor: Int32, peer: String) {
        let visitor = Visitor(descriptor, peer: peer)
        silent[descriptor] = visitor
        look(at: visitor)
    }

    /// The handshake of one that was admitted begins.
    func began(_ number: UInt64) {
        atWork[number] = LoopTimer(after: Self.counted) { [unowned self] in ended(number) }
    }

    /// A handshake is over, however it went. The next one begins a little later, outside of all callbacks.
    func ended(_ number: UInt64) {
        atWork.removeValue(forKey: number)?.cancel()
    }

    /// Closes all that wait.
    func close() {
        clock?.cancel()
        clock = nil
        let all = Array(silent.values) + Array(queue.values)
        queue = [:]
        for visitor in all { turnAway(visitor, .silent) }
    }

    // MARK: - Hellos

    /// Looks at what has come, without taking it.
    private func look(at visitor: Visitor) {
        switch firstRecord(visitor.descriptor) {
        case .whole:
            enqueue(visitor)
        case .short(let bytes) where bytes != visitor.awaited:
            wait(visitor, for: bytes)
        case .short, .foreign:
            // No TLS, or nothing more will come: libwebsockets says what is to be said. In its turn like
            // the others: OpenSSL may wait for more of it, and its place counts meanwhile.
            enqueue(visitor)
        }
    }

    private func firstRecord(_ descriptor: Int32) -> FirstRecord {
        looks += 1
        let count = unsafe scratch.withUnsafeMutableBytes {
            unsafe recv(
                descriptor, $0.baseAddress, $0.count, Self.peek)
        }
        guard count > 0 || count < 0 && errno == EAGAIN else { return .foreign }
        return FirstRecord(scratch.prefix(max(0, count)), of: max(0, count))
    }

    /// Waits until so many bytes have come; the kernel counts them (socket(7), `SO_RCVLOWAT`).
    private func wait(_ visitor: Visitor, for bytes: Int) {
        visitor.awaited = bytes
        SocketNames.set(visitor.descriptor, SOL_SOCKET, SO_RCVLOWAT, Int32(bytes))
        guard visitor.poll == nil else { return }
        let poll = LoopPoll(descriptor: visitor.descriptor) { [unowned self, unowned visitor] _ in
            look(at: visitor)
        }
        visitor.poll = poll
        poll.watch(.readable)
        visitor.patience = LoopTimer(after: patience) { [unowned self, unowned visitor] in
            turnAway(visitor, .silent)
        }
    }

    /// Its part among the silent ones is over.
    private func forget(_ visitor: Visitor) {
        visitor.poll?.close()
        visitor.poll = nil
        visitor.patience?.cancel()
        visitor.patience = nil
        silent[visitor.descriptor] = nil
    }

    // MARK: - The queue

    private func enqueue(_ visitor: Visitor) {
        forget(visitor)
        queue[first + UInt64(queue.count)] = visitor
        admitWaiting()
        // The last in the queue is the one who has just come.
        if queue.count > most, let last = queue.removeValue(forKey: first + UInt64(most)) {
            turnAway(last, .refused)
        }
    }

    /// Admits those whose time has come, and looks again soon if there are others.
    private func admitWaiting() {
        while let visitor = queue[first], atWork.count < mostAtWork,
            pace.take(now: Self.seconds) == 0
        {
            queue[first] = nil
            first += 1
            admit(visitor)
        }
        if queue.isEmpty {
            clock?.cancel()
            clock = nil
        } else if clock == nil {
            clock = LoopTimer(after: Self.beat, every: Self.beat) { [unowned self] in
                admitWaiting()
            }
        }
    }

    private static var seconds: Double { Double(LoopActor.loop.milliseconds) / 1000 }

    // MARK: - Ends

    private func admit(_ visitor: Visitor) {
        forget(visitor)
        if visitor.awaited > 0 {
            SocketNames.set(visitor.descriptor, SOL_SOCKET, SO_RCVLOWAT, 1)
        }
        left(visitor.peer, .admitted(visitor.descriptor))
    }

    private func turnAway(_ visitor: Visitor, _ outcome: Outcome) {
        forget(visitor)
        Glibc.close(visitor.descriptor)
        left(visitor.peer, outcome)
    }
}
