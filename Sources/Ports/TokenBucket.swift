/// Allows a rate with bursts; time is passed in.
package struct TokenBucket: Sendable, Equatable {
    /// Tokens that come back per second.
    package let rate: Double
    /// Tokens at most.
    package let burst: Double
    private var tokens: Double
    private var at: Double

    /// A full bucket.
    package init(rate: Double, burst: Double, now: Double) {
        self.rate = rate
        self.burst = burst
        tokens = burst
        at = now
    }

    /// Takes a token if there is one.
    ///
    /// - Returns: 0 if it was taken, else the seconds until there is one.
    package mutating func take(now: Double) -> Double {
        tokens = min(burst, tokens + max(0, now - at) * rate)
        at = max(at, now)
        guard tokens < 1 else {
            tokens -= 1
            return 0
        }
        return (1 - tokens) / rate
    }

    /// Whole tokens that can be taken now.
    package func remaining(now: Double) -> Int { Int(level(now: now)) }

    /// Seconds until the bucket is full, if nothing is taken.
    package func refill(now: Double) -> Double { (burst - level(now: now)) / rate }

    private func level(now: Double) -> Double { min(burst, tokens + max(0, now - at) * rate) }

    /// Whether the bucket would be full now, so that forgetting it changes nothing.
    package func isIdle(now: Double) -> Bool {
        tokens + max(0, now - at) * rate >= burst
    }
}
