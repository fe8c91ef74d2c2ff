/// The figures of the whole fleet at one moment.
package struct FleetSummary: Sendable, Equatable {
    package var workers = 0
    package var workersOnline = 0
    package var queues = 0
    /// Sum of all known depths.
    package var queueDepth = 0
    /// Records kept, running, and prefetched (eta included).
    package var tasks = 0
    package var active = 0
    package var reserved = 0
    package var eventsPerSecond = 0.0
    /// Finished tasks per minute over the last 60, 10 and 300 s.
    package var throughput = 0.0
    package var throughput10s = 0.0
    package var throughput5m = 0.0
    /// Succeeded / (succeeded + failed) over 5 min; `nil` if none finished.
    package var successRate: Double?
    /// Seconds, over the last 60 s.
    package var runtimeMean: Double?
    package var waitMean: Double?
    /// Of the last 5 min, in steps of 60 s.
    package var runtimes: LatencyQuantiles?
    package var waits: LatencyQuantiles?
    /// Share of task-started events seen, 0..1; and the counts behind it.
    package var completeness: Double?
    package var startedSeen = 0
    package var startedExpected = 0
    /// Size of the task store as counted by its own rule.
    package var taskBytes = 0
    /// Finished and open records that left for lack of room, since the start.
    package var evictedFinished = 0
    package var evictedOpen = 0
    /// Signs of workers, queues and names beyond the limits, since the start.
    package var refused = 0

    package init() {}
}

/// How many records or events, for one state.
package struct StateCount: Sendable, Equatable {
    package var state: String
    package var count: Int
}

/// Figures of one task name since the start.
package struct NameStatistics: Sendable, Equatable {
    /// Task name, or `*other*`.
    package var name: String
    /// Records made.
    package var count = 0
    /// Running now.
    package var active = 0
    package var succeeded = 0
    package var failed = 0
    package var retried = 0
    /// Seconds, of the finished ones.
    package var runtimeMean: Double?
    package var runtimeMax: Double?
    /// Ends of the last 5 min, in steps of 30 s.
    package var succeededLately = 0
    package var failedLately = 0
    /// Of the last 5 min, in steps of 60 s.
    package var runtimes: LatencyQuantiles?
    package var waits: LatencyQuantiles?
}
