/// The answer to `stats` (what of it is used). Absent fields are `nil`.
package struct WorkerStats: Sendable, Equatable {
    /// Main process.
    package var pid: Int?
    /// Its logical clock when it answered; every event carries one, too.
    package var clock: Int64?
    /// Seconds since the worker started.
    package var uptime: Double?
    /// The pool as `celery worker -P` calls it, such as `prefork`; read from `pool.implementation`.
    package var pool: String?
    /// `pool.max-concurrency`.
    package var concurrency: Int?
    /// `pool.processes`; empty for pools without.
    package var processes: [Int] = []
    /// `prefetch_count`.
    package var prefetch: Int?
    /// `pool.timeouts` is `[soft, hard]`: seconds, 0 = none.
    package var softTimeLimit: Double?
    package var hardTimeLimit: Double?
    /// `autoscaler.min` and `.max`.
    package var autoscaleMin: Int?
    package var autoscaleMax: Int?
    /// `rusage.utime`, `.stime` (seconds) and `.maxrss` (KiB on Linux).
    package var cpuUser: Double?
    package var cpuSystem: Double?
    package var maxRSSKibibytes: Int?
    /// `total`: tasks accepted since the start, by (shadow) name.
    package var totals: [String: Int] = [:]

    /// Makes an empty answer.
    package init() {}
}
