/// A message that was delivered and is not acknowledged: an entry of kombu's `unacked_index`.
package struct HeldMessage: Sendable, Equatable {
    /// Its task's id, if that can be told.
    package var taskID: String
    /// When it was delivered, by the clock of the worker that holds it; unix seconds.
    package var deliveredAt: Double
    /// The hard time limit that came with it, seconds.
    package var timeLimit: Double?

    package init(taskID: String, deliveredAt: Double, timeLimit: Double? = nil) {
        self.taskID = taskID
        self.deliveredAt = deliveredAt
        self.timeLimit = timeLimit
    }
}
