internal import LiveSync

/// Warnings of a session that asks too much (2.14): one that heeds them is not closed for what it did long ago.
struct RateWarnings {
    private var times: [Milliseconds] = []

    /// Notes another one.
    ///
    /// - Returns: whether it may be said; otherwise it is one too many, and the session ends.
    mutating func warn(now: Milliseconds) -> Bool {
        times.removeAll { now - $0 >= SessionLimits.warningMilliseconds }
        times.append(now)
        return times.count <= SessionLimits.warnings
    }
}
