internal import EventLoop
internal import Fleet
internal import LiveSync

/// Carries what is learned about the fleet into the synced tables.
///
/// Facts are applied at once; rows are written when ``publish(now:at:)`` is called, so that a task
/// which is received, started and done within one tick is written once.
@LoopActor
final class Feed {
    private(set) var fleet: FleetState
    private let rows: Rows
    private var knownAlerts: Set<String> = []
    private var knownStates: Set<String> = []
    /// Run times and waits of the buckets that have rows.
    private var knownLatencies = Array(
        repeating: (runtimes: 0, waits: 0), count: LatencyBuckets.count)
    private var alertsDueAt = 0.0
    private let knowledge: KnowledgeRows
    /// Where the rows of tasks stand, by the place of the task; used again and again for all of them.
    private var taskRows: [RowPlace] = []

    /// Seconds between two looks at the rules for alerts: they read the whole fleet.
    private static let alertInterval = 1.0

    init(rows: Rows, limits: FleetLimits, now: Double) {
        self.rows = rows
        knowledge = KnowledgeRows(rows)
        fleet = FleetState(limits: limits, startedAt: now)
    }

    /// Tells the fleet something.
    func learn<Result>(_ body: (inout FleetState) -> Result) -> Result {
        body(&fleet)
    }

    /// Writes what changed since the last call into the tables. The caller commits.
    ///
    /// - Parameter now: unix seconds.
    func publish(now: Double) {
        let changes = fleet.takeChanges()
        let engine = rows.engine
        publishTasks(changes.tasks)
        for id in changes.removedTasks { engine.remove(rows.tasks, id: id) }
        for name in changes.workers {
            guard let worker = fleet.worker(name) else { continue }
            engine.upsert(rows.workers, id: name, WorkerProjection.fields(worker))
        }
        for name in changes.removedWorkers { engine.remove(rows.workers, id: name) }
        for name in changes.queues {
            guard let queue = fleet.queue(name) else { continue }
            engine.upsert(rows.queues, id: name, QueueProjection.fields(queue))
        }
        for name in changes.removedQueues { engine.remove(rows.queues, id: name) }
        for name in changes.names {
            guard let figures = fleet.nameStatistics(name) else { continue }
            engine.upsert(rows.stats, id: "name:\(name)", StatsProjection.name(figures))
        }
        for name in changes.removedNames { engine.remove(rows.stats, id: "name:\(name)") }
        for number in changes.removedLoads { engine.remove(rows.stats, id: "load:\(number)") }
        for number in changes.loads {
            guard let load = fleet.load(number) else { continue }
            engine.upsert(rows.stats, id: "load:\(number)", StatsProjection.load(load))
        }
        if changes.aggregates {
            publishAggregates(now: now)
            publishLatencies()
        }
        if !changes.gaps.isEmpty { publishGaps(Set(changes.gaps)) }
        if now >= alertsDueAt {
            alertsDueAt = now + Self.alertInterval
            publishAlerts(now: now)
            knowledge.publish(fleet)
        }
    }

    /// The costliest part: nearly every event changes a row of a task.
    private func publishTasks(_ references: [TaskRef]) {
        let (topic, engine) = (rows.tasks, rows.engine)
        // Held apart meanwhile: what stands in an object is guarded anew for each row.
        var places: [RowPlace] = []
        swap(&places, &taskRows)
        fleet.forEachTask(references) { reference, task in
            let place = reference.place
            while places.count <= place { places.append(RowPlace()) }
            engine.upsert(topic, id: task.id, at: &places[place]) { row in
                TaskProjection.write(task, to: &row)
            }
        }
        swap(&places, &taskRows)
    }

    private func publishAggregates(now: Double) {
        let engine = rows.engine
        let summary = fleet.summary(now: now)
        engine.upsert(rows.stats, id: "fleet", StatsProjection.fleet(summary))
        var states: Set<String> = []
        for count in fleet.stateCounts {
            let id = "state:\(count.state)"
            states.insert(id)
            engine.upsert(rows.stats, id: id, StatsProjection.count(count))
        }
        for id in knownStates.subtracting(states) { engine.remove(rows.stats, id: id) }
        knownStates = states
        for count in fleet.totals {
            engine.upsert(rows.stats, id: "total:\(count.state)", StatsProjection.count(count))
        }
        rows.setHealth(
            "completeness",
            [
                "overall": FieldValue(summary.completeness), "seen": .int(summary.startedSeen),
                "expected": .int(summary.startedExpected),
            ])
    }

    /// Only the buckets whose counts changed: a row, once there, stays.
    private func publishLatencies() {
        let runtimes = fleet.runtimeCounts.lately
        let waits = fleet.waitCounts.lately
        for bucket in runtimes.indices {
            let counts = (runtimes: runtimes[bucket], waits: waits[bucket])
            guard counts != knownLatencies[bucket] else { continue }
            knownLatencies[bucket] = counts
            rows.engine.upsert(
                rows.stats, id: "latency:\(bucket)",
                StatsProjection.latency(bucket, runtimes: counts.runtimes, waits: counts.waits))
        }
    }

    private func publishGaps(_ ids: Set<Int>) {
        for id in ids.sorted() {
            guard let gap = fleet.gaps.first(where: { $0.id == id }) else {
                rows.engine.remove(rows.health, id: "gap:\(id)")
                continue
            }
            rows.setHealth(
                "gap:\(gap.id)",
                [
                    "from": .double(gap.from), "to": FieldValue(gap.to),
                    "reason": .text(gap.reason), "lost": FieldValue(gap.lost),
                    "reconciledAt": FieldValue(gap.reconciledAt),
                ])
        }
    }

    private func publishAlerts(now: Double) {
        var current: Set<String> = []
        for finding in fleet.findings(now: now) {
            current.insert(finding.id)
            var row = RowBuilder(capacity: 9)
            row.add(finding.severity.rawValue)
            row.add(finding.title)
            row.add(finding.detail)
            row.add(finding.fix)
            row.add(finding.subject)
            row.add(finding.since)
            row.add(finding.rule)
            row.add(finding.offer?.command)
            row.add(finding.offer.flatMap { $0.workers.isEmpty ? nil : $0.workers })
            rows.engine.upsert(rows.alerts, id: finding.id, row.updates)
        }
        for id in knownAlerts.subtracting(current) { rows.engine.remove(rows.alerts, id: id) }
        knownAlerts = current
    }
}
