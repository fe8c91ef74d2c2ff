package import Fleet

/// Writes an event as Celery's own JSON, with the fields that the gateway knows.
package enum EventWriter {
    /// The type of an event, such as `task-failed`.
    package static func type(of event: CeleryEvent) -> String {
        switch event {
        case .task(let task): type(of: task.kind)
        case .worker(let worker): type(of: worker.kind)
        }
    }

    private static func type(of kind: TaskEvent.Kind) -> String {
        switch kind {
        case .sent: "task-sent"
        case .received: "task-received"
        case .started: "task-started"
        case .succeeded: "task-succeeded"
        case .failed: "task-failed"
        case .retried: "task-retried"
        case .revoked: "task-revoked"
        case .rejected: "task-rejected"
        case .cancelled: "task-cancelled"
        case .custom(let name): "task-\(name)"
        }
    }

    private static func type(of kind: WorkerEvent.Kind) -> String {
        switch kind {
        case .online: "worker-online"
        case .heartbeat: "worker-heartbeat"
        case .offline: "worker-offline"
        case .other(let name): "worker-\(name)"
        }
    }

    /// The event as JSON text of at most `limit` bytes.
    ///
    /// A longer one loses its traceback, then all texts of users, and says so by `truncated`. What is
    /// left is bounded by the decoder's limits.
    package static func json(_ event: CeleryEvent, limit: Int) -> [UInt8] {
        let whole = write(event)
        guard whole.count > limit, case .task(var task) = event else { return whole }
        task.traceback = nil
        let short = write(.task(task), isTruncated: true)
        guard short.count > limit else { return short }
        var bare = TaskEvent(task.kind, uuid: task.uuid, origin: task.origin)
        bare.retries = task.retries
        bare.runtime = task.runtime
        return write(.task(bare), isTruncated: true)
    }

    private static func write(_ event: CeleryEvent, isTruncated: Bool = false) -> [UInt8] {
        var writer = JsonWriter(capacity: 512)
        writer.beginObject()
        writer.member("type", type(of: event))
        switch event {
        case .task(let task):
            begin(&writer, task.origin)
            write(task, &writer)
        case .worker(let worker):
            begin(&writer, worker.origin)
            write(worker, &writer)
        }
        if isTruncated { writer.member("truncated", true) }
        writer.endObject()
        return writer.bytes
    }

    private static func begin(_ writer: inout JsonWriter, _ origin: EventOrigin) {
        writer.member("hostname", origin.hostname)
        writer.member("timestamp", origin.timestamp)
        writer.member("utcoffset", origin.utcOffset)
        writer.member("pid", origin.pid)
        writer.member("clock", Int(origin.clock))
    }

    private static func write(_ task: TaskEvent, _ writer: inout JsonWriter) {
        writer.member("uuid", task.uuid)
        add("name", task.name, &writer)
        add("args", task.args, &writer)
        add("kwargs", task.kwargs, &writer)
        add("root_id", task.rootID, &writer)
        add("parent_id", task.parentID, &writer)
        if let retries = task.retries { writer.member("retries", retries) }
        add("eta", task.eta, &writer)
        add("expires", task.expires, &writer)
        add("queue", task.queue, &writer)
        add("exchange", task.exchange, &writer)
        add("routing_key", task.routingKey, &writer)
        add("result", task.result, &writer)
        if let runtime = task.runtime { writer.member("runtime", runtime) }
        add("exception", task.exception, &writer)
        add("traceback", task.traceback, &writer)
        if let flag = task.terminated { writer.member("terminated", flag) }
        add("signum", task.signum, &writer)
        if let flag = task.expired { writer.member("expired", flag) }
        if let flag = task.requeue { writer.member("requeue", flag) }
        if let extra = task.extra {
            writer.name("extra")
            writer.raw(Array(extra.utf8))
        }
    }

    private static func write(_ worker: WorkerEvent, _ writer: inout JsonWriter) {
        if let freq = worker.freq { writer.member("freq", freq) }
        if let active = worker.active { writer.member("active", active) }
        if let processed = worker.processed { writer.member("processed", processed) }
        if let loadavg = worker.loadavg {
            writer.member("loadavg", .array(loadavg.map { .number($0) }))
        }
        add("sw_ident", worker.software, &writer)
        add("sw_ver", worker.version, &writer)
        add("sw_sys", worker.platform, &writer)
    }

    private static func add(_ name: String, _ text: String?, _ writer: inout JsonWriter) {
        if let text { writer.member(name, text) }
    }
}
