/// That a queue is to stay without consumers, and why.
package struct QueuePause: Sendable, Equatable {
    /// Who paused it.
    package var by: String
    /// When, unix seconds.
    package var at: Double
    /// Why, in their words.
    package var reason: String?
    /// When it is to be resumed, unix seconds; `nil` if by hand only.
    package var resumeAt: Double?

    /// Makes a pause.
    package init(by: String, at: Double, reason: String? = nil, resumeAt: Double? = nil) {
        self.by = by
        self.at = at
        self.reason = reason
        self.resumeAt = resumeAt
    }
}
