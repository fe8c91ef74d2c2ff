/// One queue in the store.
struct QueueSlot: Sendable {
    let name: String
    var depth: QueueDepth?
    var depthAt = Double.nan
    var lastSeen: Double
    var active = 0
    var reserved = 0
    var scheduled = 0
    /// Workers that consume it (numbers in the worker table), sorted.
    var consumers: [Int32] = []
    var rates: RateRing
    var latencies: Latencies
    /// Depths of the last minute and a bit: (gateway time, messages).
    var history: [(at: Double, depth: Int)] = []
    /// The oldest message of each priority step: its tag, and since when it waits at least.
    var oldest: [Int: (tag: String, since: Double)] = [:]
    /// Set while it is to stay without consumers.
    var pause: QueuePause?
    /// Since when it is consumed although it is paused, and by how many.
    var driftSince = Double.nan
    var driftCount = 0
    var isStale = false
    var isListed = false
    var isPublished = false
    var isAlive = true
    /// A binding or a worker names it: it is not only text in a message.
    var isDeclared = false
    var unconsumedSince = Double.nan

    init(name: String, now: Double) {
        self.name = name
        self.lastSeen = now
        self.rates = RateRing(capacity: 60, now: now)
        self.latencies = Latencies(now: now)
    }

    /// Seconds since the oldest waiting message was sent, at least; `nil` if nothing is known of it.
    var oldestAge: Double? {
        guard let depth, !depthAt.isNaN else { return nil }
        let waiting = oldest.filter {
            depth.steps.indices.contains($0.key) && depth.steps[$0.key] > 0
        }
        return waiting.values.map(\.since).min().map { max(depthAt - $0, 0) }
    }

    var isPaused: Bool { pause != nil }

    var total: Int? { depth.map { $0.steps.reduce(0, +) } }
}
