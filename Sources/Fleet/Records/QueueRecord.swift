/// All that is known about one queue.
///
/// Counts are messages, durations seconds, rates per minute over the last 60 s; unknown is `nil`.
package struct QueueRecord: Sendable, Equatable {
    /// Whether somebody takes messages from it.
    package enum Condition: String, Sendable {
        case ok, unconsumed, paused, unknown
    }

    package var name: String
    package var condition: Condition
    /// Messages on all priority keys.
    package var depth: Int?
    /// Messages per priority step.
    package var steps: [Int]
    /// The steps themselves, if they are not Celery's 0, 3, 6, 9.
    package var priorities: [Int]?
    /// Messages on keys that no consumer reads.
    package var unreachable: Int?
    /// Delivered, not acknowledged.
    package var unacked: Int?
    /// Running, prefetched, and held for their eta, as far as the queue of the task is known.
    package var active: Int
    package var reserved: Int
    package var scheduled: Int
    /// Names of the workers that consume it.
    package var workers: [String]
    /// Age of the oldest waiting message.
    package var oldestAge: Double?
    package var rateIn: Double?
    package var rateOut: Double?
    package var runtimeMean: Double?
    package var waitMean: Double?
    /// Of the last 5 min, in steps of 60 s.
    package var runtimes: LatencyQuantiles?
    package var waits: LatencyQuantiles?
    /// When the depth was read, unix seconds.
    package var depthAt: Double?
    package var stale: Bool
    /// Set while it is to stay without consumers.
    package var pause: QueuePause?
    /// Names of the workers that consume it although it is paused.
    package var stillConsuming: [String]
}
