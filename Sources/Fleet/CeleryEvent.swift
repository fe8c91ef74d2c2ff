/// One event as a Celery worker or client published it (Celery's `events/event.py`), decoded.
///
/// Text fields hold the decoded text; a field that was absent or `null` is `nil`.
package enum CeleryEvent: Sendable, Equatable {
    /// `task-sent` … and every custom `task-*`.
    case task(TaskEvent)
    /// `worker-online`, `worker-heartbeat`, `worker-offline` and other `worker-*`.
    case worker(WorkerEvent)
}

/// What all events carry.
package struct EventOrigin: Sendable, Equatable {
    /// Node name of the worker, or `gen<pid>@<host>` of a publishing client.
    package var hostname: String
    /// Sender's clock, unix seconds. `utcoffset` is not applied: the time is absolute already.
    package var timestamp: Double
    /// Hours west of UTC at the sender; kept to agree with Celery's own receiver.
    package var utcOffset: Double
    /// Process that sent it: the worker's main process, or a pool child for custom events.
    package var pid: Int
    /// Lamport clock; 0 if absent.
    package var clock: Int64

    /// Makes an origin.
    package init(
        hostname: String, timestamp: Double, utcOffset: Double = 0, pid: Int = 0, clock: Int64 = 0
    ) {
        self.hostname = hostname
        self.timestamp = timestamp
        self.utcOffset = utcOffset
        self.pid = pid
        self.clock = clock
    }
}

/// An event about one task.
package struct TaskEvent: Sendable, Equatable {
    /// What happened.
    package enum Kind: Sendable, Equatable {
        case sent, received, started, succeeded, failed, retried, revoked, rejected, cancelled
        /// A custom event: the part of the type after `task-`, such as `progress`.
        case custom(String)
    }

    /// What happened.
    package var kind: Kind
    /// Who says so.
    package var origin: EventOrigin
    /// The task's id: any text.
    package var uuid: String
    /// Task name (the `shadow` name in received).
    package var name: String?
    /// Python repr text of the arguments, at most 1,024 characters.
    package var args: String?
    /// Python repr text of the keyword arguments.
    package var kwargs: String?
    /// Root of the workflow.
    package var rootID: String?
    /// Task that sent this one.
    package var parentID: String?
    /// Number of the attempt, 0 first.
    package var retries: Int?
    /// ISO 8601 text.
    package var eta: String?
    /// ISO 8601 text.
    package var expires: String?
    /// Queue, exchange and routing key (sent only).
    package var queue: String?
    package var exchange: String?
    package var routingKey: String?
    /// Repr text of the result (succeeded).
    package var result: String?
    /// Seconds (succeeded).
    package var runtime: Double?
    /// Repr text of the exception (failed, retried).
    package var exception: String?
    /// Traceback text (failed, retried).
    package var traceback: String?
    /// Revoked while it ran.
    package var terminated: Bool?
    /// Signal number or name, as text.
    package var signum: String?
    /// Revoked because it had expired.
    package var expired: Bool?
    /// Rejected and put back into the queue.
    package var requeue: Bool?
    /// Fields of a custom event beyond the known ones, as JSON object text (bounded).
    package var extra: String?

    /// Makes an event with the required fields only.
    package init(_ kind: Kind, uuid: String, origin: EventOrigin) {
        self.kind = kind
        self.uuid = uuid
        self.origin = origin
    }
}

/// An event about one worker.
package struct WorkerEvent: Sendable, Equatable {
    /// What happened.
    package enum Kind: Sendable, Equatable {
        case online, heartbeat, offline
        /// Another `worker-*` type, such as `elect`.
        case other(String)
    }

    /// What happened.
    package var kind: Kind
    /// Who says so.
    package var origin: EventOrigin
    /// Seconds between heartbeats.
    package var freq: Double?
    /// Tasks running now; absent in a heartbeat on request.
    package var active: Int?
    /// Tasks accepted since the process started.
    package var processed: Int?
    /// 1, 5 and 15 minute load averages.
    package var loadavg: [Double]?
    /// `py-celery`.
    package var software: String?
    /// Version such as `5.7.0`.
    package var version: String?
    /// Platform such as `Linux`.
    package var platform: String?

    /// Makes an event with the required fields only.
    package init(_ kind: Kind, origin: EventOrigin) {
        self.kind = kind
        self.origin = origin
    }
}
