extension FleetState {
    /// Records kept.
    package var taskCount: Int { tasks.count }

    /// The record of a task, or `nil`.
    package func task(_ id: String) -> TaskRecord? {
        tasks.find(Bounded.id(id, limits.idBytes)).map { record($0, full: true) }
    }

    /// The record behind a reference from `takeChanges`, or `nil` if it is gone. Without
    /// attempts and children, which only a full record has.
    package func task(_ ref: TaskRef) -> TaskRecord? {
        guard ref.slot >= 0, ref.slot < tasks.slots.count,
            tasks.slots[ref.slot].flags.contains(.alive)
        else { return nil }
        return record(ref.slot, full: false)
    }

    /// Calls `body` with each kept task (as `task(_: TaskRef)` tells it) until it returns `false`:
    /// open ones first, then finished ones, the newest of each first.
    package func forEachTask(_ body: (TaskRecord) -> Bool) {
        for tail in [tasks.open.tail, tasks.finished.tail] {
            var place = tail
            while place >= 0 {
                guard body(record(place, full: false)) else { return }
                place = tasks.slots[place].previous
            }
        }
    }

    /// Ids of open tasks (not finished), the longest open first: the ones to ask results for.
    package func openTasks(limit: Int) -> [String] {
        var ids: [String] = []
        var place = tasks.open.head
        while place >= 0, ids.count < limit {
            ids.append(tasks.slots[place].id)
            place = tasks.slots[place].next
        }
        return ids
    }

    /// Ids of kept tasks whose result named this group, oldest change first among the finished, then
    /// the open ones.
    package func tasks(ofGroup group: String, limit: Int) -> [String] {
        var ids: [String] = []
        for head in [tasks.finished.head, tasks.open.head] {
            var place = head
            while place >= 0, ids.count < limit {
                if tasks.slots[place].hasExtra, tasks.slots[place].extra?.groupID == group {
                    ids.append(tasks.slots[place].id)
                }
                place = tasks.slots[place].next
            }
        }
        return ids
    }

    /// Makes the record of a slot.
    func record(_ place: Int32, full: Bool) -> TaskRecord {
        var slot = tasks.slots[place]
        var record = slot.record(in: recordContext)
        if full {
            record.children = children(place)
            record.attempts = attempts(slot)
        }
        return record
    }

    /// What records are made with.
    private var recordContext: TaskSlot.RecordContext {
        TaskSlot.RecordContext(offsets: offsets, states: states, gap: gaps.last?.reason)
    }

    /// Calls `body` with the record behind each reference that is not gone, as `task(_: TaskRef)` tells it.
    ///
    /// It changes nothing; `mutating` reaches the slots in place, so that none is copied.
    package mutating func forEachTask(
        _ references: [TaskRef], _ body: (TaskRef, borrowing TaskRecord) -> Void
    ) {
        let context = recordContext
        for reference in references where reference.slot < tasks.slots.count {
            tasks.slots.change(reference.slot) { slot in
                guard slot.flags.contains(.alive) else { return }
                body(reference, slot.record(in: context))
            }
        }
    }

    private func children(_ place: Int32) -> [String] {
        var ids = tasks.children(of: place, limit: limits.childrenListed)
        for told in tasks.slots[place].extra?.toldChildren ?? []
        where ids.count < limits.childrenListed && !ids.contains(told) {
            ids.append(told)
        }
        return ids
    }

    /// Every attempt, oldest first.
    private func attempts(_ slot: borrowing TaskSlot) -> [AttemptRecord] {
        let facts = slot.isSimple ? slot.simpleFacts() : slot.history
        var seen: [Int: Int] = [:]
        return AttemptWalk(facts, offsets: offsets).attempts.map { attempt in
            let retries = max(attempt.retries, 0)
            let occurrence = seen[retries, default: 0]
            seen[retries] = occurrence + 1
            let offset = offsets[attempt.host] ?? 0
            return AttemptRecord(
                retries: retries, occurrence: occurrence, state: states.state(attempt.state),
                worker: workerName(attempt.host, slot),
                pid: attempt.pid == 0 ? nil : Int(attempt.pid),
                sent: attempt.sent.known, received: attempt.received.known.map { $0 - offset },
                started: attempt.started.known.map { $0 - offset },
                finished: attempt.ended.known.map { $0 - offset },
                runtime: attempt.shownRuntime, text: attempt.text,
                superseded: attempt.superseded)
        }
    }

    private func workerName(_ host: UInt32, _ slot: borrowing TaskSlot) -> String? {
        guard host != 0 else { return nil }
        if host == slot.host { return slot.worker }
        return workersByHash[host].map { workers[$0].name }
    }
}

extension FleetState {
    /// Names of all workers, sorted.
    package var workerNames: [String] { workers.names }

    /// The record of a worker name.
    package func worker(_ name: String) -> WorkerRecord? {
        guard let place = workers.find(Bounded.id(name, limits.nameBytes)) else { return nil }
        let worker = workers[place]
        let stats = worker.stats
        let sums = worker.meterSums
        let uptime = stats?.uptime
        return WorkerRecord(
            name: worker.name, health: worker.health, reason: worker.reason,
            pid: worker.pid == 0 ? nil : Int(worker.pid), pool: stats?.pool,
            concurrency: worker.concurrency, processes: stats?.processes ?? [],
            active: worker.bestActive, reserved: worker.reserved, scheduled: worker.scheduled,
            processed: worker.processed, prefetch: stats?.prefetch,
            loadAverage: worker.loadAverage,
            queues: worker.queues.map { $0.map { queues[$0].name }.sorted() },
            heartbeat: worker.heartbeat.known, freq: worker.freq.known, drift: worker.drift.known,
            lastSeen: worker.lastSeen, uptime: uptime, statsAt: worker.statsAt.known,
            startedAt: uptime.flatMap { span in worker.statsAt.known.map { $0 - span } },
            memoryBytes: stats?.maxRSSKibibytes.map { $0.multipliedClamped(by: 1_024) },
            cpuUser: stats?.cpuUser, cpuSystem: stats?.cpuSystem, software: worker.software,
            platform: worker.platform, autoscaleMin: stats?.autoscaleMin,
            autoscaleMax: stats?.autoscaleMax, poolRestarts: worker.settings?.poolRestarts,
            events: worker.eventsOn, registered: worker.registered,
            rateLimits: worker.rateLimits.map { "\($0.name) \($0.rateLimit ?? "")" },
            duplicates: max(worker.duplicates, 1),
            completeness: share(sums.seen, of: sums.expected), stale: worker.isStale,
            offlineAt: worker.offlineAt.known, oldestActive: worker.oldestActive.known,
            instances: worker.processes.map { worker.instance($0) },
            settings: worker.settings?.all ?? [:])
    }

    /// Names of all queues, sorted.
    package var queueNames: [String] { queues.names }

    /// The record of a queue.
    package func queue(_ name: String) -> QueueRecord? {
        guard let place = queues.find(Bounded.id(name, limits.nameBytes)) else { return nil }
        let queue = queues[place]
        let minute = queue.rates.sum(last: 60)
        return QueueRecord(
            name: queue.name, condition: condition(place), depth: queue.total,
            steps: queue.depth?.steps ?? [],
            priorities: limits.prioritySteps == FleetLimits().prioritySteps
                ? nil : limits.prioritySteps,
            unreachable: queue.depth?.unreachable,
            unacked: queue.depth?.unacked, active: queue.active, reserved: queue.reserved,
            scheduled: queue.scheduled, workers: queue.consumers.map { workers[$0].name }.sorted(),
            oldestAge: queue.oldestAge, rateIn: queue.rateIn(),
            rateOut: queue.rateOut(), runtimeMean: minute.runtimeMean, waitMean: minute.waitMean,
            runtimes: queue.latencies.runtimes.quantiles, waits: queue.latencies.waits.quantiles,
            depthAt: queue.depthAt.known, stale: queue.isStale, pause: queue.pause,
            stillConsuming: queue.isPaused ? liveConsumers(place) : [])
    }

    private func condition(_ place: Int32) -> QueueRecord.Condition {
        if queues[place].isPaused { return .paused }
        if isConsumed(place) { return .ok }
        return consumersAreKnown && workers.count > 0 ? .unconsumed : .unknown
    }

    /// The figures of the fleet.
    package func summary(now: Double) -> FleetSummary {
        var rates = rates
        rates.advance(to: now)
        let minute = rates.sum(last: 60)
        let long = rates.sum(last: 300)
        var summary = FleetSummary()
        summary.workers = workers.count
        for place in workers.places {
            if workers[place].health.isUp { summary.workersOnline += 1 }
            let sums = workers[place].meterSums
            summary.startedExpected += sums.expected
            summary.startedSeen += min(sums.seen, sums.expected)
        }
        summary.queues = queues.count
        for place in queues.places { summary.queueDepth += queues[place].total ?? 0 }
        summary.tasks = tasks.count
        summary.active = activeTasks
        summary.reserved = reservedTasks + scheduledTasks
        summary.eventsPerSecond = Double(rates.sum(last: 10).events) / 10
        summary.throughput = Double(minute.finished)
        summary.throughput10s = Double(rates.sum(last: 10).finished) * 6
        summary.throughput5m = Double(long.finished) / 5
        let judged = long.succeeded + long.failed
        summary.successRate = judged == 0 ? nil : Double(long.succeeded) / Double(judged)
        summary.runtimeMean = minute.runtimeMean
        summary.waitMean = minute.waitMean
        summary.runtimes = latencies.runtimes.quantiles
        summary.waits = latencies.waits.quantiles
        summary.completeness = share(summary.startedSeen, of: summary.startedExpected)
        summary.taskBytes = tasks.bytes
        summary.evictedFinished = evictedFinished
        summary.evictedOpen = evictedOpen
        summary.refused = workers.refused + queues.refused + nameTable.refused + refusedEvents
        return summary
    }

    private func share(_ part: Int, of whole: Int) -> Double? {
        whole > 0 ? min(Double(part) / Double(whole), 1) : nil
    }

    /// Records kept now, by state; states without a record are left out.
    package var stateCounts: [StateCount] {
        recordsByState.indices.filter { recordsByState[$0] > 0 }.map {
            StateCount(
                state: states.state(StateCode(rawValue: UInt8($0))).name,
                count: recordsByState[$0])
        }
    }

    /// SUCCESS, FAILURE, RETRY, REVOKED, REJECTED, RECEIVED, STARTED seen since the start.
    package var totals: [StateCount] {
        [
            StateCount(state: "RECEIVED", count: totalCounts.received),
            StateCount(state: "STARTED", count: totalCounts.started),
            StateCount(state: "SUCCESS", count: totalCounts.succeeded),
            StateCount(state: "FAILURE", count: totalCounts.failed),
            StateCount(state: "RETRY", count: totalCounts.retried),
            StateCount(state: "REVOKED", count: totalCounts.revoked),
            StateCount(state: "REJECTED", count: totalCounts.rejected),
        ]
    }

    /// All names with figures, `*other*` first.
    package var names: [String] { nameTable.names }

    /// Figures of a task name, or of `*other*`.
    package func nameStatistics(_ name: String) -> NameStatistics? {
        nameTable.find(Bounded.cut(name, limits.nameBytes)).map(nameTable.statistics)
    }
}

extension Int {
    fileprivate func multipliedClamped(by factor: Int) -> Int {
        let (value, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : value
    }
}
