/// A remote control command (celery/worker/control.py).
///
/// Only these: `election` kills a lone worker, `objgraph` and `memdump` write files or leak memory
/// on the worker; they cannot be sent.
package enum ControlMethod: Sendable, Equatable {
    // Looking.

    /// Who is there.
    case ping
    /// Counters, pool, broker and resources.
    case stats
    /// Running tasks; `safe` gives arguments as repr text.
    case active(safe: Bool)
    /// Prefetched tasks.
    case reserved(safe: Bool)
    /// Tasks held for their eta.
    case scheduled(safe: Bool)
    /// Ids that will not run.
    case revoked
    /// Task names with rate limits, and whether they send events.
    case registered
    /// Task names with rate and time limits.
    case taskLimits
    /// Queues that are consumed.
    case activeQueues
    /// Settings.
    case conf
    /// State of some tasks.
    case queryTask(ids: [String])
    /// Versions and settings as text.
    case report
    /// Memory in use, as text.
    case memsample
    /// Sends a heartbeat event; the answer is null.
    case heartbeat
    /// Greets, and adds ids to the worker's revoked ones.
    case hello(fromNode: String, revoked: [String])

    // Changing.

    /// Marks tasks as revoked; `signal`, such as `SIGTERM`, is for `terminate`.
    case revoke(taskIDs: [String], terminate: Bool = false, signal: String? = nil)
    /// Marks tasks with a stamp as revoked, for good.
    case revokeByStampedHeaders(
        headers: [String: [String]], terminate: Bool = false, signal: String? = nil)
    /// Such as `100/m`; nil lifts the limit.
    case rateLimit(task: String, limit: String?)
    /// Seconds; nil lifts the limit.
    case timeLimit(task: String, soft: Double?, hard: Double?)
    /// More pool processes.
    case poolGrow(Int)
    /// Fewer pool processes.
    case poolShrink(Int)
    /// New pool processes; needs `worker_pool_restarts`.
    case poolRestart
    /// New bounds for the autoscaler.
    case autoscale(max: Int, min: Int)
    /// Consume a queue.
    case addConsumer(
        queue: String, exchange: String? = nil, exchangeType: String? = nil,
        routingKey: String? = nil)
    /// Stop consuming a queue.
    case cancelConsumer(queue: String)
    /// Send task events.
    case enableEvents
    /// Send no task events.
    case disableEvents
    /// Stop the worker; there is no answer.
    case shutdown

    /// Celery's name of the command.
    package var name: String {
        switch self {
        case .ping: "ping"
        case .stats: "stats"
        case .active: "active"
        case .reserved: "reserved"
        case .scheduled: "scheduled"
        case .revoked: "revoked"
        case .registered, .taskLimits: "registered"
        case .activeQueues: "active_queues"
        case .conf: "conf"
        case .queryTask: "query_task"
        case .report: "report"
        case .memsample: "memsample"
        case .heartbeat: "heartbeat"
        case .hello: "hello"
        case .revoke: "revoke"
        case .revokeByStampedHeaders: "revoke_by_stamped_headers"
        case .rateLimit: "rate_limit"
        case .timeLimit: "time_limit"
        case .poolGrow: "pool_grow"
        case .poolShrink: "pool_shrink"
        case .poolRestart: "pool_restart"
        case .autoscale: "autoscale"
        case .addConsumer: "add_consumer"
        case .cancelConsumer: "cancel_consumer"
        case .enableEvents: "enable_events"
        case .disableEvents: "disable_events"
        case .shutdown: "shutdown"
        }
    }

    /// Whether it must name its workers: without a destination it would hit the whole fleet.
    package var needsDestination: Bool {
        switch self {
        case .shutdown, .poolRestart, .poolGrow, .poolShrink, .autoscale: true
        default: false
        }
    }
}
