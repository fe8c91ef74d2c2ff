internal import EventLoop
internal import LiveSync
internal import Ports

/// What is known about our own knowledge: topic `health`, and the `ingest` of heartbeats (R51).
@LoopActor
final class HealthDesk {
    /// How the way from the workers to us is.
    enum State: String, CaseIterable {
        case ok, lagging, down, reconciling

        /// Seconds from the socket to the fleet's state beyond which we say that we lag.
        static let tolerance = 5.0

        /// The state after a look at the delay: only a way that works can lag.
        func noticing(delay: Double?) -> State {
            switch self {
            case .down, .reconciling: self
            case .ok, .lagging: (delay ?? 0) > Self.tolerance ? .lagging : .ok
            }
        }
    }

    let rows: Rows
    private let clock: GatewayClock
    private let brokerName: String
    private var since = 0.0
    private var server: String?
    private var detail: String?
    /// Round trip of the newest probe, seconds.
    private(set) var probe: Double?
    private var messages = 0
    private var bytes = 0
    private var dropped = 0
    /// Events applied.
    private var events = 0
    private var lag = LagMeter()
    private var last = (events: 0, frames: 0, bytes: 0, at: 0.0)
    /// When the memory is counted again, at the earliest.
    private var memoryDueAt = 0.0
    /// After a count of the memory, so many times as long without: 0.02 % of the time.
    private static let memoryPauses = 5_000.0
    /// But not longer than this, seconds.
    private static let longestMemoryPause = 30.0

    /// When which link was broken.
    var outages = OutageLog()
    /// How it is now.
    private(set) var state = State.down
    /// Whether the command connection works.
    private(set) var isConnected = false
    /// Whether events flow.
    private(set) var isSubscribed = false
    /// Receive time of the newest event or probe, unix seconds.
    private(set) var asOf: Double?

    init(rows: Rows, clock: GatewayClock, brokerName: String) {
        self.rows = rows
        self.clock = clock
        self.brokerName = brokerName
        since = clock.now()
    }

    // MARK: - What happens

    func connected(server: String) {
        isConnected = true
        self.server = server
        settle()
    }

    func disconnected(reason: String) {
        isConnected = false
        show(state: .down, detail: reason)
    }

    func subscribed(at: Double) {
        isSubscribed = true
        asOf = max(asOf ?? 0, at)
        settle()
    }

    func lost(since: Double, reason: String) {
        isSubscribed = false
        show(state: .down, detail: reason)
    }

    func reconciled() {
        settle()
    }

    /// Counts a batch that was applied: its events, the messages they came in, and messages dropped before it.
    func received(events: Int, _ messages: Int, _ bytes: Int, dropped: Int, at: Double) {
        self.events += events
        self.messages += messages
        self.bytes += bytes
        self.dropped += dropped
        asOf = max(asOf ?? 0, at)
    }

    /// What was counted since the start.
    var counted: (events: Int, messages: Int, bytes: Int, dropped: Int) {
        (events, messages, bytes, dropped)
    }

    /// The longest time of the last seconds from the broker's socket until applied.
    func longestLag() -> Double? { lag.longest(at: clock.now()) }

    /// Events are applied so many seconds after the oldest of them was read from the broker's socket.
    func applied(after delay: Double) {
        lag.note(delay, at: clock.now())
    }

    func probed(roundTrip: Double, at: Double) {
        probe = roundTrip
        asOf = max(asOf ?? 0, at)
    }

    private func settle() {
        if isConnected, isSubscribed {
            show(state: .ok, detail: nil)
        } else {
            show(state: .down, detail: isConnected ? "waiting for events" : "no command connection")
        }
    }

    /// Shows a state.
    func show(state: State, detail: String?) {
        if state != self.state { since = clock.now() }
        self.state = state
        self.detail = detail
        rows.setHealth(
            "broker",
            [
                "state": .text(state.rawValue), "since": .double((since * 1000).rounded() / 1000),
                "url": .text(brokerName), "server": FieldValue(server),
                "detail": FieldValue(detail),
            ])
    }

    // MARK: - Figures

    /// Shows what the process holds.
    ///
    /// - Parameter read: counts it, which with many free pieces takes milliseconds of the loop. After one
    ///   that took long it is not called for a while.
    func show(_ read: @autoclosure () -> ProcessMemory) {
        let began = clock.now()
        guard began >= memoryDueAt else { return }
        let memory = read()
        let pause = (clock.now() - began) * Self.memoryPauses
        memoryDueAt = began + min(pause, Self.longestMemoryPause)
        rows.setHealth(
            "process",
            [
                "residentBytes": .int(memory.resident), "allocatedBytes": .int(memory.allocated),
            ])
    }

    /// Once a second.
    func tick(
        ingest: IngestCounters, cost: CostKeeper, clients: Int, subscriptions: Int, frames: Int,
        bytes: Int
    ) {
        let time = clock.now()
        let counts = ingest.counts
        let span = max(0.001, time - last.at)
        let isFirst = last.at == 0
        let delay = lag.longest(at: time)
        notice(delay)
        func rate(_ value: Int, _ before: Int) -> FieldValue {
            isFirst ? .absent : .double((Double(value - before) / span * 10).rounded() / 10)
        }
        rows.setHealth(
            "broker", ["probeMs": FieldValue(probe.map { ($0 * 10_000).rounded() / 10 })])
        rows.setHealth(
            "ingest",
            [
                "events": .int(events), "batches": .int(messages), "bytes": .int(self.bytes),
                "skipped": .int(counts.skipped), "undecodable": .int(counts.undecodable),
                "dropped": .int(dropped), "eventsPerSecond": rate(events, last.events),
                "lagMs": FieldValue(delay.map { ($0 * 10_000).rounded() / 10 }),
                "asOf": FieldValue(asOf.map { ($0 * 1000).rounded() / 1000 }),
            ])
        rows.setHealth(
            "sessions",
            [
                "clients": .int(clients), "subscriptions": .int(subscriptions),
                "framesPerSecond": rate(frames, last.frames),
                "bytesPerSecond": rate(bytes, last.bytes),
            ])
        showCost(cost)
        last = (events, frames, bytes, time)
    }

    private func notice(_ delay: Double?) {
        let next = state.noticing(delay: delay)
        guard next != state else { return }
        let detail = "events waited up to \((delay ?? 0).rounded()) s in the gateway"
        show(state: next, detail: next == .lagging ? detail : nil)
    }

    private func showCost(_ cost: CostKeeper) {
        let minute = cost.perMinute()
        let isLimited = cost.isLimited
        rows.setHealth(
            "cost",
            [
                "state": .text(isLimited ? "limited" : "ok"),
                "detail": FieldValue(
                    isLimited
                        ? "questions or readings were put off: the ceiling is "
                            + "\(cost.ceiling) commands per minute" : nil),
                "commandsPerMinute": .int(minute.commands),
                "publishesPerMinute": .int(minute.publishes),
                "bytesPerMinute": .int(minute.bytes), "ceiling": .int(cost.ceiling),
                "putOff": .int(cost.putOff),
            ])
    }
}
