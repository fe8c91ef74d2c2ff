/// A span of time in which events may have been lost.
package struct Gap: Sendable, Equatable {
    /// Number, 1 first.
    package var id: Int
    /// Unix seconds; `to` is `nil` while it lasts.
    package var from: Double
    package var to: Double?
    package var reason: String
    /// Messages lost, if that can be known.
    package var lost: Int?
    /// When the state was confirmed again.
    package var reconciledAt: Double?
}
