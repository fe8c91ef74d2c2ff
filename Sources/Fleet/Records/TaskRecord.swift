/// All that is known about one task, made on demand from the compact store.
///
/// Times are unix seconds on the gateway's clock (a worker's skew is taken off), durations are
/// seconds; what is not known is `nil`.
package struct TaskRecord: Sendable, Equatable {
    /// The task's id.
    package var id: String
    /// Task name (the `shadow` name, if the publisher gave one).
    package var name: String?
    /// State of the current attempt.
    package var state: TaskState
    /// Node name of the worker of the current attempt.
    package var worker: String?
    /// Process that runs it: a pool child if known, else the worker's main process.
    package var pid: Int?
    /// Queue, if it was told or follows from the worker's only queue.
    package var queue: String?
    package var exchange: String?
    package var routingKey: String?
    /// 0 (most urgent) to 9.
    package var priority: Int?
    /// When the current attempt was published, received, started, and when it ended.
    package var sent: Double?
    package var received: Double?
    package var started: Double?
    package var finished: Double?
    /// Gateway time of the first sign of this task.
    package var seen: Double
    /// Received → started, from one clock.
    package var wait: Double?
    /// As the worker measured it, else started → finished.
    package var runtime: Double?
    /// Number of the current attempt, 0 first.
    package var retries: Int
    /// ISO 8601 text as Celery sent it.
    package var eta: String?
    package var expires: String?
    /// ``eta`` in unix seconds: the worker's clock decides, so no skew is taken off.
    package var dueAt: Double? { eta.flatMap(ISOTime.seconds) }
    /// Python repr (or JSON) text, bounded.
    package var args: String?
    package var kwargs: String?
    package var result: String?
    package var exception: String?
    package var traceback: String?
    /// JSON text of the newest progress.
    package var progress: String?
    package var parentID: String?
    package var rootID: String?
    package var groupID: String?
    /// Further deliveries of the same attempt: visibility time-out, requeue, `replace`.
    package var redelivered: Int
    /// When its message, held by a worker and not acknowledged, will be delivered again.
    package var redeliverAt: Double?
    /// Revoked while it ran.
    package var terminated: Bool
    /// Signal number or name of the revoke, as text.
    package var signum: String?
    /// Not confirmed since events may have been lost.
    package var stale: Bool
    /// Why it is in this state, if that is not plain: evidence of LOST, source of REVOKED …
    package var reason: String?
    /// Ids of the tasks that this one sent, newest first, at most `FleetLimits.childrenListed`.
    package var children: [String]
    /// Every attempt, oldest first.
    package var attempts: [AttemptRecord]
}
