/// A task as a worker describes it in `active`, `reserved`, `scheduled`, `query_task`.
package struct TaskInfo: Sendable, Equatable {
    package var id: String
    package var name: String?
    /// JSON or repr text, bounded by the decoder.
    package var args: String?
    package var kwargs: String?
    /// Node name.
    package var hostname: String?
    /// Worker clock, unix seconds; `nil` until started.
    package var timeStart: Double?
    package var acknowledged: Bool?
    /// From `delivery_info`.
    package var exchange: String?
    package var routingKey: String?
    package var priority: Int?
    package var redelivered: Bool?
    /// Pool process; `nil` until started.
    package var workerPID: Int?

    /// Makes a description with the id only.
    package init(id: String) {
        self.id = id
    }
}

/// A task held for its eta.
package struct ScheduledTask: Sendable, Equatable {
    /// ISO 8601 text.
    package var eta: String?
    package var priority: Int?
    package var request: TaskInfo

    package init(eta: String?, priority: Int?, request: TaskInfo) {
        self.eta = eta
        self.priority = priority
        self.request = request
    }
}

/// A registered task, from text such as `tasks.add [rate_limit=1/s]`.
package struct RegisteredTask: Sendable, Equatable {
    package var name: String
    package var rateLimit: String?
    /// `Task.send_events`: whether its workers send events of it; `nil` if that was not told.
    package var sendsEvents: Bool?

    package init(name: String, rateLimit: String? = nil, sendsEvents: Bool? = nil) {
        self.name = name
        self.rateLimit = rateLimit
        self.sendsEvents = sendsEvents
    }
}
