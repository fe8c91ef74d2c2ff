/// One process behind a worker name, and the completeness meter of its events.
struct WorkerProcess: Sendable {
    let pid: Int32
    var meter = CompletenessMeter()
    /// Gateway time of its newest own sign (heartbeat, online).
    var heartbeat: Double
    /// Sender's time of that sign.
    var stamp: Double
    var processed: Int?
    /// Tasks that run, as it says itself.
    var active: Int?
    /// It spoke, another process spoke, and it spoke again: both live.
    var alternates = false
    /// The meter that goes from one `stats` answer to the next, for a process with hidden tasks.
    var answered = CompletenessMeter()
}

/// One worker name in the store.
struct WorkerSlot: Sendable {
    let name: String
    /// Stable hash of the name.
    let hash: UInt32
    var processes: [WorkerProcess] = []
    var pid: Int32 = 0
    var firstSeen: Double
    var lastSeen: Double
    var heartbeat = Double.nan
    var freq = Double.nan
    /// Newest differences worker clock - ours; the greatest had the least delay.
    var driftSamples: [Double] = []
    var drift = Double.nan
    /// What is taken off its times; 0 unless the clock is clearly wrong.
    var offset = 0.0
    var goodbyeAt = Double.nan
    var goodbyeStamp = -Double.infinity
    /// When the goodbye was believed.
    var offlineAt = Double.nan

    var heartbeatActive: Int?
    /// Whether its heartbeats come in time, at the last look.
    var isBeating = false
    /// When the newest heartbeat and the one before it said that nothing runs, our clock; NaN = they did
    /// not.
    var idleAt = Double.nan
    var idleBefore = Double.nan
    var processed: Int?
    /// When `processed` was seen to rise.
    var progressAt: Double
    var loadAverage: [Double] = []
    var software: String?
    var platform: String?
    /// Task events came; and `processed` rose without any.
    var sawTaskEvents = false
    var roseWithoutEvents = 0

    var stats: WorkerStats?
    var statsAt = Double.nan
    var settings: WorkerSettings?
    var queues: [Int32]?
    /// The same as it told them, and when.
    var consumed: [ConsumedQueue] = []
    var consumedAt = Double.nan
    var registered: [String] = []
    var rateLimits: [RegisteredTask] = []
    /// Names of its tasks that hide their events (`send_events=False`).
    var hiding: Set<String> = []
    /// Since when messages wait although slots are free; NaN = they do not.
    var waitingSince = Double.nan
    /// Answers and silences of remote control.
    var answeredAt = Double.nan
    var silences = 0
    /// How many answered to its name at the newest question to everybody.
    var voices = 1
    /// Rounds since then in which fewer answered.
    var quieter = 0
    /// When it was last silent although every listener of the broker's mailbox channel had answered.
    var absentAt = Double.nan
    /// Counted by the worker itself at the newest answer.
    var toldActive: Int?

    /// Open tasks of this worker, from events and answers.
    var active = 0
    var reserved = 0
    var scheduled = 0
    /// Since when the task runs that has run longest, our clock; NaN = none runs.
    var oldestActive = Double.nan

    var health = WorkerHealth.unknown
    var reason = "It has only just been heard of."
    var isStale = false
    var isListed = false
    var isPublished = false
    var isAlive = true

    init(name: String, now: Double) {
        self.name = name
        self.hash = Bounded.hash(name)
        self.firstSeen = now
        self.lastSeen = now
        self.progressAt = now
    }

    /// Time after which a missing heartbeat is missed: two periods, Celery's own rule.
    var patience: Double { 2 * (freq.known ?? 2) }
    var isSolo: Bool { stats?.pool == "solo" }
    /// Whether nothing has listened to its remote control since its last sign of life, though it used to:
    /// its process has ended, or has lost the broker. A task that keeps it busy cannot be the reason.
    var isAbsent: Bool {
        guard let absent = absentAt.known, let answered = answeredAt.known else { return false }
        return absent > answered && absent > lastSeen
    }
    /// Pool slots; an autoscaled pool has as many as it has processes.
    var concurrency: Int? {
        guard let stats else { return nil }
        return stats.autoscaleMax != nil ? max(stats.processes.count, 1) : stats.concurrency
    }
    /// Whether its task events flow; `nil` while nothing tells.
    var eventsOn: Bool? {
        if sawTaskEvents { return true }
        return roseWithoutEvents >= 2 ? false : nil
    }
    /// Processes that speak for this name; those that fell silent leave in the sweep.
    var duplicates: Int {
        max(processes.contains(where: \.alternates) ? processes.count : 1, voices)
    }
    /// Running tasks: from events if they flow, else as the worker says itself.
    var bestActive: Int {
        eventsOn == true && !isStale ? active : max(active, heartbeatActive ?? toldActive ?? 0)
    }
}
