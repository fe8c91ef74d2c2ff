/// All that is known about one worker name.
///
/// Times are unix seconds on the gateway's clock, durations are seconds; unknown is `nil`.
package struct WorkerRecord: Sendable, Equatable {
    /// Node name such as `celery@host`.
    package var name: String
    package var health: WorkerHealth
    /// Why that state, one sentence.
    package var reason: String
    /// Main process of the newest sign of life.
    package var pid: Int?
    /// `prefork`, `solo`, `threads`, `gevent` …
    package var pool: String?
    package var concurrency: Int?
    /// Pool processes.
    package var processes: [Int]
    /// Tasks running, prefetched, and held for their eta.
    package var active: Int
    package var reserved: Int
    package var scheduled: Int
    /// Tasks accepted since the process started.
    package var processed: Int?
    package var prefetch: Int?
    package var loadAverage: [Double]
    /// Names of the queues it consumes; `nil` until it was asked.
    package var queues: [String]?
    /// When the newest heartbeat arrived.
    package var heartbeat: Double?
    /// Seconds between heartbeats.
    package var freq: Double?
    /// Worker clock minus ours, seconds.
    package var drift: Double?
    /// When any sign of life arrived.
    package var lastSeen: Double
    /// Seconds, at `statsAt`.
    package var uptime: Double?
    package var statsAt: Double?
    package var startedAt: Double?
    package var memoryBytes: Int?
    /// CPU seconds of the main process, user and system.
    package var cpuUser: Double?
    package var cpuSystem: Double?
    /// `py-celery 5.7.0`.
    package var software: String?
    package var platform: String?
    /// Autoscaler's range.
    package var autoscaleMin: Int?
    package var autoscaleMax: Int?
    /// Whether `pool_restart` works (`worker_pool_restarts`).
    package var poolRestarts: Bool?
    /// Whether task events come from it.
    package var events: Bool?
    /// Registered task names.
    package var registered: [String]
    /// `"name rate"` for each registered task with a rate limit.
    package var rateLimits: [String]
    /// Processes that answer to this name now; 1 is right.
    package var duplicates: Int
    /// Share of its task-started events that we saw, 0..1.
    package var completeness: Double?
    /// Not confirmed since events may have been lost.
    package var stale: Bool
    /// When it said goodbye.
    package var offlineAt: Double?
    /// Since when the task runs that has run longest.
    package var oldestActive: Double?
    /// The processes that speak for this name, one by one.
    package var instances: [WorkerInstance]
    /// Settings it runs with (setting name → JSON text, secrets masked).
    package var settings: [String: String]
}
