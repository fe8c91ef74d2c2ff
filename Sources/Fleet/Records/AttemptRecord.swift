/// One run of a task: told apart by id, `retries` and `occurrence`.
package struct AttemptRecord: Sendable, Equatable {
    /// Number of the retry, 0 first.
    package var retries: Int
    /// Number of the delivery of that retry, 0 first.
    package var occurrence: Int
    /// How far it came.
    package var state: TaskState
    /// Worker that received it; `nil` if it was only sent, or the worker has left the list.
    package var worker: String?
    /// Main process of that worker.
    package var pid: Int?
    /// Unix seconds, gateway clock.
    package var sent: Double?
    package var received: Double?
    package var started: Double?
    package var finished: Double?
    /// Seconds.
    package var runtime: Double?
    /// Result or exception text.
    package var text: String?
    /// It started, sent no end, and the same worker then took the task again (`replace`, `Ignore`).
    package var superseded: Bool
}
