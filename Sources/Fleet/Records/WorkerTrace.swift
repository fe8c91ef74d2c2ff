/// What is left of a worker that was taken off the list.
package struct WorkerTrace: Sendable, Equatable {
    /// Number, 1 first.
    package var id: Int
    package var name: String
    package var pid: Int?
    /// Last sign of life and removal, unix seconds.
    package var lastSeen: Double
    package var leftAt: Double
    /// Why it left, one sentence.
    package var reason: String
}
