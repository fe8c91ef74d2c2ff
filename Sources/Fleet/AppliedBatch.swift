/// What came out of a batch of events.
package struct AppliedBatch: Sendable {
    /// What is known of an event's task once the batch is merged; nothing for an event of a worker.
    package struct Route: Sendable {
        /// The task's name.
        package var name: String?
        /// The queue it came from.
        package var queue: String?
    }

    /// One for each event, in their order.
    package internal(set) var routes: [Route] = []
    /// Names of the workers that said that they are online.
    package internal(set) var startedWorkers: [String] = []
}
