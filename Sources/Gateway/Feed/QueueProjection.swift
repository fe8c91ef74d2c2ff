internal import Fleet
internal import LiveSync

/// Rows of topic `queues`.
enum QueueProjection {
    /// The fields in the order of ``Topics/queues``.
    static func fields(_ queue: QueueRecord) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 28)
        row.add(queue.depth)
        row.add(queue.steps.isEmpty ? nil : queue.steps)
        row.add(queue.unreachable == 0 ? nil : queue.unreachable)
        row.add(queue.unacked)
        row.add(queue.active)
        row.add(queue.reserved)
        row.add(queue.scheduled)
        row.add(queue.workers.count)
        row.add(queue.workers.isEmpty ? nil : queue.workers)
        row.add(queue.oldestAge, digits: 0)
        row.add(queue.rateIn, digits: 1)
        row.add(queue.rateOut, digits: 1)
        row.add(queue.runtimeMean)
        row.add(queue.waitMean)
        row.add(queue.condition.rawValue)
        row.add(queue.stale ? true : nil)
        row.add(queue.priorities)
        row.add(queue.pause?.by)
        row.add(queue.pause?.at)
        row.add(queue.pause?.reason)
        row.add(queue.pause?.resumeAt)
        row.add(queue.stillConsuming.isEmpty ? nil : queue.stillConsuming)
        row.add(queue.runtimes)
        row.add(queue.waits)
        return row.updates
    }
}
