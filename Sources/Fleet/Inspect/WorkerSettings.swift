/// The answer to `conf`: settings that rules need, typed, and all of them as text.
package struct WorkerSettings: Sendable, Equatable {
    /// `task_send_sent_event`.
    package var sendsSentEvent: Bool?
    /// `worker_send_task_events`.
    package var sendsTaskEvents: Bool?
    /// `worker_pool_restarts`.
    package var poolRestarts: Bool?
    /// `task_acks_late`.
    package var acksLate: Bool?
    /// `broker_transport_options.visibility_timeout`, seconds; absent means Celery's 3,600.
    package var visibilityTimeout: Double?
    /// `broker_transport_options.sentinel_fanout_compat`: on Sentinel it listens to the names of an old
    /// kombu as well; absent means no.
    package var listensToOldNames = false
    /// `task_time_limit`, seconds.
    package var timeLimit: Double?
    /// Setting name → JSON text, secrets masked, bounded by the decoder.
    package var all: [String: String] = [:]

    /// Makes an empty answer.
    package init() {}
}
