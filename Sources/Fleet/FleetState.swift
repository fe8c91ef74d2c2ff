import Lookup

/// What is known about a Celery fleet: a pure value, fed with events, answers and time.
///
/// `now` and `receivedAt` are unix seconds of the gateway's clock; the state has no clock of its
/// own. Nothing here throws: the broker is not trusted, so whatever arrives is bounded, merged or
/// counted as refused. Reading makes records on demand; the store itself is compact.
package struct FleetState: Sendable {
    /// The bounds it keeps.
    package let limits: FleetLimits

    var tasks = TaskTable()
    var workers: NamedTable<WorkerSlot>
    var queues: NamedTable<QueueSlot>
    var nameTable: NameTable
    var states: StateNames
    /// Worker clocks that are clearly wrong.
    var offsets: ClockOffsets = [:]
    /// Worker name by stable hash, to name the workers of old attempts.
    var workersByHash: [UInt32: Int32] = [:]

    var rates: RateRing
    let startedAt: Double
    /// Records by state code.
    var recordsByState: [Int]
    /// The same, by queue and name.
    var loads: TaskLoads
    /// Run times and waits of all tasks.
    var latencies: Latencies
    /// Ends and receipts since the start.
    var totalCounts = TotalCounts()
    /// Running, prefetched and ETA-held tasks.
    var activeTasks = 0
    var reservedTasks = 0
    var scheduledTasks = 0
    /// Held tasks whose eta is further away than the visibility timeout.
    var longETAs = 0
    /// Tasks with a date of redelivery, soonest first.
    var heldTasks: [String] = []
    /// Hard time limits that came with their messages, seconds.
    var heldLimits: [String: Double] = [:]
    /// Messages that are delivered and not acknowledged, followed or not; `nil` until counted.
    package internal(set) var heldTotal: Int?
    /// The same, if there are too many to count them by queue.
    var unackedBeyondBound: Int?
    var evictedFinished = 0
    var evictedOpen = 0
    var announcements = Announcements()
    /// Events without a usable id or host.
    var refusedEvents = 0

    package internal(set) var gaps: [Gap] = []
    var nextGap = 1
    var changedGaps: Set<Int> = []
    /// When events began to flow again after the newest gap.
    var flowingSince = -Double.infinity
    package internal(set) var traces: [WorkerTrace] = []
    var nextTrace = 1
    var arrivals: Set<String> = []
    var aggregatesChanged = false
    /// Queues that are to stay without consumers.
    var pausedQueues: [String: QueuePause] = [:]
    /// Since when each finding holds.
    var findingsSince: [String: Double] = [:]
    /// What the broker says about itself.
    var broker: BrokerFacts?
    /// Why events do not reach us, in the newest words.
    var lossReason: String?
    /// The machine's time minus the clock that `now` is read from, seconds.
    package var clockError = 0.0
    /// Why the gateway can record nothing, if that is so.
    package var recordsTrouble: String?
    /// Where others than this machine reach the gateway without TLS, if they can.
    package var openAddress: String?
    /// The newest task that is delivered over and over.
    var storm: DeliveryStorm?
    var lastSweep = -Double.infinity
    var lastOldest = -Double.infinity
    /// The shortest visibility timeout that a worker told; that of the limits until one did.
    package internal(set) var visibilityTimeout: Double

    /// What Celery's own `State` would say, if `limits.flowerTasks` is not 0.
    package internal(set) var flower: FlowerState?

    /// Makes an empty state; `startedAt` is where rates begin.
    package init(limits: FleetLimits = FleetLimits(), startedAt: Double) {
        self.limits = limits
        self.startedAt = startedAt
        visibilityTimeout = limits.visibilityTimeout
        workers = NamedTable(limit: limits.workers)
        queues = NamedTable(limit: limits.queues)
        nameTable = NameTable(limit: limits.names)
        states = StateNames(limit: limits.customStates)
        rates = RateRing(capacity: 300, now: startedAt)
        recordsByState = Array(repeating: 0, count: 256)
        loads = TaskLoads(limit: limits.loads)
        latencies = Latencies(now: startedAt)
        if limits.flowerTasks > 0 {
            flower = FlowerState(
                maximumTasks: limits.flowerTasks, maximumWorkers: limits.flowerWorkers)
        }
    }

    /// Merges one event.
    package mutating func apply(_ event: CeleryEvent, receivedAt: Double) {
        apply([event], receivedAt: receivedAt)
    }

    /// Merges a batch that arrived together.
    package mutating func apply(_ events: [CeleryEvent], receivedAt: Double) {
        var events = events
        _ = apply(&events, receivedAt: receivedAt)
    }

    /// Merges a batch that arrived together.
    ///
    /// - Parameter events: stay as they are. They are `inout` to be read in place: a copy of an event
    ///   costs as much as merging it, and Swift copies what it reads from an array that it may not change.
    package mutating func apply(
        _ events: inout [CeleryEvent], receivedAt: Double
    ) -> AppliedBatch {
        rates.advance(to: receivedAt)
        var batch = AppliedBatch()
        var places: [(place: Int32, life: UInt16)] = []
        places.reserveCapacity(events.count)
        var span = events.mutableSpan
        for index in span.indices {
            let place = merge(changeable: &span[index], now: receivedAt, into: &batch)
            places.append((place, place < 0 ? 0 : tasks.slots[place].life))
        }
        // Afterwards: what one event tells of its task, the others of the batch know as well.
        batch.routes.reserveCapacity(places.count)
        for (place, life) in places { batch.routes.append(route(place, life)) }
        return batch
    }

    /// Only lends the event on: what a pattern takes out of an `inout` value is a copy.
    private mutating func merge(
        changeable event: inout CeleryEvent, now: Double, into batch: inout AppliedBatch
    ) -> Int32 {
        merge(event, now: now, into: &batch)
    }

    /// - Returns: the place of the event's task; -1 if it has none.
    private mutating func merge(
        _ event: borrowing CeleryEvent, now: Double, into batch: inout AppliedBatch
    ) -> Int32 {
        rates.record { $0.events &+= 1 }
        var place: Int32 = -1
        switch event {
        case .task(let event):
            // Hashed once for both.
            let mark = IDTable.Mark(event.uuid)
            place = merge(task: event, mark, now: now)
            if limits.flowerTasks > 0 { flower?.apply(event, mark, receivedAt: now) }
        case .worker(let event):
            merge(worker: event, now: now)
            if limits.flowerTasks > 0 { flower?.apply(event, receivedAt: now) }
            if case .online = event.kind { batch.startedWorkers.append(event.origin.hostname) }
        }
        return place
    }

    /// What is known of the task in a place, unless it has left by now.
    private func route(_ place: Int32, _ life: UInt16) -> AppliedBatch.Route {
        guard place >= 0, tasks.slots[place].life == life else { return AppliedBatch.Route() }
        return AppliedBatch.Route(name: tasks.slots[place].name, queue: tasks.slots[place].queue)
    }

    /// The sender's time, unless it is nonsense.
    func sane(_ timestamp: Double, now: Double) -> Double {
        abs(timestamp - now) <= limits.absurdSeconds ? timestamp : now
    }

    /// Changes since the last call, each thing at most once.
    package mutating func takeChanges() -> FleetChanges {
        var changes = FleetChanges()
        (changes.tasks, changes.removedTasks) = tasks.takeChanges()
        (changes.workers, changes.removedWorkers) = workers.takeChanges()
        (changes.queues, changes.removedQueues) = queues.takeChanges()
        (changes.names, changes.removedNames) = nameTable.takeChanges()
        (changes.loads, changes.removedLoads) = loads.takeChanges()
        changes.gaps = changedGaps.sorted()
        changes.arrivals = arrivals.sorted()
        changes.aggregates = aggregatesChanged
        changedGaps = []
        arrivals = []
        aggregatesChanged = false
        return changes
    }
}

/// What was seen since the start.
struct TotalCounts: Sendable {
    var received = 0
    var started = 0
    var succeeded = 0
    var failed = 0
    var retried = 0
    var revoked = 0
    var rejected = 0
}

/// A task that comes back again and again (`Reject(requeue=True)`, a crash loop).
struct DeliveryStorm: Sendable {
    var id: String
    var name: String?
    var deliveries: Int
    var at: Double
}
