/// The message that a consumer would take next from one list of a queue.
package struct OldestMessage: Sendable, Equatable {
    /// Name of the queue.
    package var queue: String
    /// Place of the priority step in `QueueDepth.steps`.
    package var place: Int
    /// What tells it from the others: its delivery tag.
    package var tag: String
    /// Task id, if it can be told.
    package var taskID: String?

    package init(queue: String, place: Int, tag: String, taskID: String? = nil) {
        self.queue = queue
        self.place = place
        self.tag = tag
        self.taskID = taskID
    }
}
