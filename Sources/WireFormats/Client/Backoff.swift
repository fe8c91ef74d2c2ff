/// When a client that has lost its gateway tries again (R56): full jitter over a span that doubles, and the
/// shortest one again after a minute of health. `web/core/link/backoff.js` does the same.
package struct Backoff: Sendable {
    /// Seconds: the shortest span and the longest, and that of the first attempt after a session.
    private static let shortest = 0.5
    private static let longest = 30.0
    private static let first = 2.0
    /// Seconds that a session must have lasted for its end to be the first one.
    private static let health = 60.0
    /// Doublings of the shortest span that make more than the longest.
    private static let doublings = 6

    private var failures = 0
    private var establishedAt: Double?

    /// Makes one that has not failed yet.
    package init() {}

    /// A session is established.
    ///
    /// - Parameter now: seconds of a clock that does not step.
    package mutating func established(at now: Double) {
        establishedAt = now
    }

    /// The connection is gone, or could not be made.
    ///
    /// - Parameters:
    ///   - now: as in ``established(at:)``.
    ///   - least: seconds before which it makes no sense to come back.
    ///   - chance: a random number from 0 to 1.
    /// - Returns: seconds to wait.
    package mutating func lost(at now: Double, least: Double = 0, chance: Double) -> Double {
        if let establishedAt, now - establishedAt >= Self.health { failures = 0 }
        let isFirst = establishedAt != nil && failures == 0
        establishedAt = nil
        let span =
            isFirst ? Self.first : min(Self.longest, Self.shortest * Double(1 << failures))
        failures = min(failures + 1, Self.doublings)
        return least + chance * span
    }
}
