internal import Fleet
internal import LiveSync

/// Rows of topic `workers`.
enum WorkerProjection {
    /// The fields in the order of ``Topics/workers``.
    static func fields(_ worker: WorkerRecord) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 38)
        row.add(worker.health.rawValue)
        row.add(worker.reason)
        row.add(worker.pid)
        row.add(worker.pool)
        row.add(worker.concurrency)
        row.add(worker.processes.isEmpty ? nil : worker.processes)
        row.add(worker.active)
        row.add(worker.reserved)
        row.add(worker.scheduled)
        row.add(worker.processed)
        row.add(worker.prefetch)
        row.add(load(worker), digits: 2)
        row.add(loadAverage(worker.loadAverage))
        row.add(worker.queues)
        row.add(worker.heartbeat)
        row.add(worker.freq)
        row.add(worker.drift, digits: 1)
        row.add(worker.uptime)
        row.add(worker.statsAt)
        row.add(worker.startedAt)
        row.add(worker.memoryBytes)
        row.add(worker.cpuUser)
        row.add(worker.cpuSystem)
        row.add(worker.software)
        row.add(worker.platform)
        row.add(autoscale(worker))
        row.add(worker.poolRestarts)
        row.add(worker.events)
        row.add(worker.registered.isEmpty ? nil : worker.registered)
        row.add(worker.rateLimits.isEmpty ? nil : worker.rateLimits)
        row.add(worker.duplicates > 1 ? worker.duplicates : nil)
        row.add(worker.completeness, digits: 4)
        row.add(worker.stale ? true : nil)
        row.add(worker.offlineAt)
        let lacks = CommandCatalog.lacks(of: worker)
        row.add(lacks.isEmpty ? nil : lacks)
        row.add(worker.answersLate ? true : nil)
        row.add(worker.oldestActive)
        return row.updates
    }

    /// Running tasks per slot. An autoscaled pool has as many slots as processes.
    private static func load(_ worker: WorkerRecord) -> Double? {
        let slots = max(worker.concurrency ?? 0, worker.processes.count)
        return slots > 0 ? min(1, Double(worker.active) / Double(slots)) : nil
    }

    private static func loadAverage(_ values: [Double]) -> FieldValue {
        guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return .absent }
        return .list(
            "[" + values.map { "\(($0 * 100).rounded() / 100)" }.joined(separator: ",") + "]")
    }

    private static func autoscale(_ worker: WorkerRecord) -> [Int]? {
        guard let least = worker.autoscaleMin, let most = worker.autoscaleMax else { return nil }
        return [least, most]
    }
}
