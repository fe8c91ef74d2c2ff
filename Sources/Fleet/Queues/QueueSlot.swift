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
    /// Depths of the last minute and a bit: (gateway time, messages).
    var history: [(at: Double, depth: Int)] = []
    var isPaused = false
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
    }

    var total: Int? { depth.map { $0.steps.reduce(0, +) } }
}
