/// When a link connects, waits and gives up waiting. Pure: time and randomness come in.
///
/// The steps inside an attempt (lookup, connect, TLS, ``Greeting``) are a straight line on a thread
/// that may block, so for the link an attempt either succeeds or fails.
struct LinkMachine: ~Copyable {
    /// What the owner has to do.
    enum Action: Equatable {
        /// Nothing.
        case none
        /// Begin an attempt; `turn` tells which server of a list or which Sentinel is first.
        case connect(turn: Int)
        /// Call ``waited()`` after so many seconds.
        case wait(seconds: Double)
    }

    private enum State {
        case idle
        case connecting
        case ready(since: Double)
        case waiting
        case stopped
    }

    private var state = State.idle
    /// Attempts in a row that did not lead to a stable connection; sets the pause.
    private var failures = 0
    /// Attempts that failed since the start; goes round the list of servers.
    private var turn = 0
    private let base: Double
    private let cap: Double
    private let stable: Double

    /// No pause is shorter: a server that accepts and hangs up must not make us spin.
    static let leastPause = 0.02

    init(timeouts: RedisTimeouts) {
        base = timeouts.backoffBase.inSeconds
        cap = timeouts.backoffCap.inSeconds
        stable = timeouts.stable.inSeconds
    }

    /// Whether the link is usable.
    var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// Whether the link is stopped for good.
    var isStopped: Bool {
        if case .stopped = state { true } else { false }
    }

    /// The owner wants the link.
    mutating func start() -> Action {
        guard case .idle = state else { return .none }
        state = .connecting
        return .connect(turn: turn)
    }

    /// The attempt succeeded.
    ///
    /// - Returns: whether the connection is still wanted.
    mutating func connected(now: Double) -> Bool {
        guard case .connecting = state else { return false }
        state = .ready(since: now)
        return true
    }

    /// The attempt failed, or the connection broke.
    ///
    /// - Parameters:
    ///   - now: monotonic seconds.
    ///   - random: evenly distributed in 0 ..< 1; full jitter, so that a fleet of gateways does
    ///     not return in step.
    mutating func failed(now: Double, random: Double) -> Action {
        switch state {
        case .idle, .waiting, .stopped:
            return .none
        case .connecting:
            turn += 1
        case .ready(let since):
            if now - since >= stable { failures = 0 }
        }
        let bound = min(cap, base * Double(1 << min(failures, 20)))
        failures += 1
        state = .waiting
        return .wait(seconds: max(Self.leastPause, bound * random))
    }

    /// The pause is over.
    mutating func waited() -> Action {
        guard case .waiting = state else { return .none }
        state = .connecting
        return .connect(turn: turn)
    }

    /// The owner does not want the link any more.
    mutating func stop() {
        state = .stopped
    }
}
