internal import EventLoop
internal import Fleet

extension MetricsDesk {
    /// Queues with samples of their own; those behind them in the order of names share ``other``.
    static let queues = 200
    /// What stands for all that have no samples of their own.
    static let other = TaskLoad.other
    /// Every so many bounds of ``LatencyBuckets`` are told: each is four times the one before.
    private static let boundsStep = 8

    func writeFleet(to out: inout MetricsText) {
        let fleet = to.feed.fleet
        let summary = fleet.summary(now: to.clock.now())
        out.begin("celeriac_tasks", .gauge, "Records of tasks that are kept, by state.")
        for count in fleet.stateCounts { out.add(count.count, ["state": count.state]) }
        out.begin(
            "celeriac_task_events_total", .counter,
            "What tasks have come to since the start, each once, by state.")
        var said: [String: Int] = [:]
        for total in fleet.totals {
            out.add(rising(total.count, "total \(total.state)", &said), ["state": total.state])
        }
        out.single(
            "celeriac_tasks_evicted_total", .counter, "Records that left for lack of room.",
            summary.evictedFinished + summary.evictedOpen)
        out.single(
            "celeriac_completeness_ratio", .gauge,
            "Share of the task-started events that were seen, last 5 min.", summary.completeness)
        var health: [WorkerHealth: Int] = [:]
        for name in fleet.workerNames {
            if let worker = fleet.worker(name) { health[worker.health, default: 0] += 1 }
        }
        out.begin("celeriac_workers", .gauge, "Workers by state.")
        for state in WorkerHealth.allCases {
            out.add(health[state] ?? 0, ["state": state.rawValue])
        }
        writeNames(fleet, &said, to: &out)
        highest = said
        writeQueues(fleet, to: &out)
        writeAlerts(fleet, to: &out)
    }

    /// The most that a counter has said: a late event may correct it by one, which Prometheus would take for
    /// a start at zero.
    private func rising(_ count: Int, _ key: String, _ said: inout [String: Int]) -> Int {
        let most = max(count, highest[key] ?? 0)
        said[key] = most
        return most
    }

    private func writeNames(
        _ fleet: FleetState, _ said: inout [String: Int], to out: inout MetricsText
    ) {
        let figures = fleet.names.compactMap { fleet.nameStatistics($0) }.filter { $0.count > 0 }
        out.begin(
            "celeriac_task_ends_total", .counter, "Tasks that ended, by task name and state.")
        for name in figures {
            let ends = [
                ("SUCCESS", name.succeeded), ("FAILURE", name.failed), ("RETRY", name.retried),
            ]
            for (state, count) in ends {
                out.add(
                    rising(count, "\(state) \(name.name)", &said),
                    ["name": name.name, "state": state])
            }
        }
        out.begin("celeriac_tasks_active", .gauge, "Tasks that run, by task name.")
        for name in figures { out.add(name.active, ["name": name.name]) }
        out.begin("celeriac_task_runtime_seconds", .histogram, "Run times, by task name.")
        for name in figures {
            guard let counts = fleet.runtimeCounts(ofName: name.name) else { continue }
            write(counts, ["name": name.name], to: &out)
        }
    }

    private func writeQueues(_ fleet: FleetState, to out: inout MetricsText) {
        // No queue of the rest's name stand beside the rest.
        let records = fleet.queueNames.filter { $0 != Self.other }
            .compactMap { fleet.queue($0) }
        let shown = records.prefix(Self.queues)
        let rest = records.dropFirst(Self.queues)
        func gauge(_ name: String, _ help: String, _ value: (QueueRecord) -> Int?) {
            out.begin(name, .gauge, help)
            for queue in shown { out.add(value(queue).map { Double($0) }, ["queue": queue.name]) }
            guard !rest.isEmpty else { return }
            out.add(rest.reduce(0) { $0 + (value($1) ?? 0) }, ["queue": Self.other])
        }
        gauge("celeriac_queue_depth", "Messages that wait, by queue.") { $0.depth }
        gauge("celeriac_queue_unacked", "Messages delivered and not acknowledged.") { $0.unacked }
        gauge("celeriac_queue_active", "Tasks that run, by queue.") { $0.active }
        gauge("celeriac_queue_consumers", "Workers that consume a queue.") { $0.workers.count }
        out.begin(
            "celeriac_queue_oldest_age_seconds", .gauge,
            "For how long the next message has waited at least, by queue.")
        for queue in shown { out.add(queue.oldestAge, ["queue": queue.name]) }
        out.begin(
            "celeriac_task_wait_seconds", .histogram, "From received to started, by queue.")
        for queue in shown {
            guard let counts = fleet.waitCounts(ofQueue: queue.name) else { continue }
            write(counts, ["queue": queue.name], to: &out)
        }
    }

    private func write(
        _ counts: LatencyCounts, _ labels: MetricsText.Labels, to out: inout MetricsText
    ) {
        let places = stride(from: 0, to: LatencyBuckets.bounds.count, by: Self.boundsStep)
        var coarse: [Int] = []
        var next = 0
        for place in places {
            coarse.append(counts.total[next...place].reduce(0, +))
            next = place + 1
        }
        coarse.append(counts.total[next...].reduce(0, +))
        out.add(
            bounds: places.map { LatencyBuckets.bounds[$0] }, counts: coarse, sum: counts.sum,
            labels)
    }

    private func writeAlerts(_ fleet: FleetState, to out: inout MetricsText) {
        var severities: [Finding.Severity: Int] = [:]
        for finding in fleet.findings(now: to.clock.now()) {
            severities[finding.severity, default: 0] += 1
        }
        out.begin("celeriac_alerts", .gauge, "What somebody should look at, by severity.")
        for severity in Finding.Severity.allCases {
            out.add(severities[severity] ?? 0, ["severity": severity.rawValue])
        }
    }
}
