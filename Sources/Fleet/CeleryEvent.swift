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
