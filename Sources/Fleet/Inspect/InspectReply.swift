/// One worker's answer to a remote control command that only looks (Celery's `worker/control.py`).
package enum InspectReply: Sendable, Equatable {
    /// `ping`.
    case pong
    /// `stats`.
    case stats(WorkerStats)
    /// `active_queues`.
    case activeQueues([ConsumedQueue])
    /// `active`: running tasks.
    case active([TaskInfo])
    /// `reserved`: prefetched tasks without those that wait for their eta.
    case reserved([TaskInfo])
    /// `scheduled`: tasks held for their eta.
    case scheduled([ScheduledTask])
    /// `revoked`: ids.
    case revoked([String])
    /// `registered`.
    case registered([RegisteredTask])
    /// `conf`.
    case conf(WorkerSettings)
}
