internal import Fleet
internal import LiveSync

/// Rows of topic `stats`.
enum StatsProjection {
    /// Row `fleet`.
    static func fleet(_ summary: FleetSummary) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 30)
        row.add(summary.workersOnline)
        row.add(summary.workers)
        row.add(summary.queues)
        row.add(summary.queueDepth)
        row.add(summary.tasks)
        row.add(summary.active)
        row.add(summary.reserved)
        row.add(summary.eventsPerSecond, digits: 1)
        row.add(summary.throughput, digits: 1)
        row.add(summary.throughput10s, digits: 1)
        row.add(summary.throughput5m, digits: 1)
        row.add(summary.successRate, digits: 4)
        row.add(summary.runtimeMean)
        row.add(summary.waitMean)
        row.add(summary.completeness, digits: 4)
        row.skip(9)
        row.add(summary.runtimes)
        row.add(summary.waits)
        return row.updates
    }

    /// Rows `state:<STATE>` and `total:<STATE>`.
    static func count(_ count: StateCount) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 30)
        row.skip(15)
        row.add(count.state)
        row.add(count.count)
        return row.updates
    }

    /// Rows `name:<task name>`.
    static func name(_ figures: NameStatistics) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 30)
        row.skip(5)
        row.add(figures.active)
        row.skip(6)
        row.add(figures.runtimeMean)
        row.skip(3)
        row.add(figures.count)
        row.add(figures.name)
        row.add(figures.succeeded)
        row.add(figures.failed)
        row.add(figures.retried)
        row.add(figures.runtimeMax)
        row.add(figures.succeededLately)
        row.add(figures.failedLately)
        row.add(figures.runtimes)
        row.add(figures.waits)
        return row.updates
    }

    /// Rows `load:<number>`: records of one queue and one name by state (R29).
    static func load(_ load: TaskLoad) -> [FieldUpdate] {
        [
            FieldUpdate(column("count"), .int(load.count)),
            FieldUpdate(column("name"), FieldValue(load.name)),
            FieldUpdate(column("queue"), FieldValue(load.queue)),
            FieldUpdate(column("counts"), .list(listText(load.counts))),
        ]
    }

    /// Rows `latency:<bucket>`: how many run times and waits of the last 5 min fell into one bucket (R29).
    static func latency(_ bucket: Int, runtimes: Int, waits: Int) -> [FieldUpdate] {
        let bounds = LatencyBuckets.bounds
        return [
            FieldUpdate(
                column("le"), bounds.indices.contains(bucket) ? .double(bounds[bucket]) : .absent),
            FieldUpdate(column("runtimes"), .int(runtimes)),
            FieldUpdate(column("waits"), .int(waits)),
        ]
    }

    private static func column(_ name: String) -> Int {
        guard let column = Topics.stats.column(name) else {
            preconditionFailure("topic stats has no field \(name)")
        }
        return column
    }
}
