internal import Fleet
internal import LiveSync

/// Rows of topic `tasks`.
enum TaskProjection {
    /// The fields in the order of ``Topics/tasks``.
    static func fields(_ task: TaskRecord) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 32)
        write(task, to: &row)
        return row.updates
    }

    /// Adds the fields in the order of ``Topics/tasks``.
    static func write(_ task: borrowing TaskRecord, to row: inout some RowSink) {
        row.add(task.name)
        row.add(task.state.name)
        row.add(task.worker)
        row.add(task.pid)
        row.add(task.queue)
        row.add(task.exchange)
        row.add(task.routingKey)
        row.add(task.priority)
        row.add(task.sent)
        row.add(task.received)
        row.add(task.started)
        row.add(task.finished)
        row.add(task.seen)
        row.add(task.wait)
        row.add(task.runtime)
        row.add(task.retries)
        row.add(task.eta)
        row.add(task.expires)
        row.add(task.args)
        row.add(task.kwargs)
        row.add(task.result)
        row.add(task.exception)
        row.add(task.progress)
        row.add(task.parentID)
        row.add(task.rootID)
        row.add(task.groupID)
        row.add(task.redelivered == 0 ? nil : task.redelivered)
        row.add(task.redeliverAt)
        row.add(task.terminated ? true : nil)
        row.add(task.stale ? true : nil)
        row.add(task.reason)
    }
}
