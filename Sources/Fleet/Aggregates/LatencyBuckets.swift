/// The fixed, logarithmic buckets of durations: four equal ones in each doubling, from 1 ms to 4.7 h, one
/// for all below and one for all beyond. So a bound is wrong by at most a quarter of the duration.
package enum LatencyBuckets {
    /// Buckets in each doubling.
    private static let parts = 4
    /// Doublings of a millisecond.
    private static let doublings = 24

    /// Buckets; the last one is for what is longer than every bound.
    package static let count = 2 + parts * doublings

    /// Upper bounds in seconds, each within its bucket (`le` in Prometheus's words); the last bucket has none.
    package static let bounds: [Double] = (0..<count - 1).map { bucket in
        guard bucket > 0 else { return 0.001 }
        let (doubling, part) = (bucket - 1).quotientAndRemainder(dividingBy: parts)
        let base = Double(1 << doubling)
        return (base + base * Double(part + 1) / Double(parts)) / 1_000
    }

    /// The bucket of a duration, which is neither negative nor NaN.
    static func bucket(_ seconds: Double) -> Int {
        let milliseconds = seconds * 1_000
        guard milliseconds > 1 else { return 0 }
        // The exponent and the first two bits of the fraction count the buckets. One less than the bits of
        // a bound still is in the bucket below it, so that a bound belongs to its own.
        let place = Int(truncatingIfNeeded: (milliseconds.bitPattern - 1) >> 50) - 1_023 * parts
        let bucket = min(place + 1, count - 1)
        // Milliseconds are rounded: next to a bound they may be on its other side.
        if seconds <= bounds[bucket - 1] { return bucket - 1 }
        return bucket < bounds.count && seconds > bounds[bucket] ? bucket + 1 : bucket
    }
}
