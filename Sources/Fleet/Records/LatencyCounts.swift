/// Durations in each of ``LatencyBuckets``.
package struct LatencyCounts: Sendable, Equatable {
    /// In the last five minutes.
    package var lately: [Int]
    /// Since the start.
    package var total: [Int]
    /// Sum of their seconds since the start.
    package var sum: Double

    /// What a histogram holds; zeros if it was never used.
    init(_ histogram: LatencyHistogram) {
        let none = Array(repeating: 0, count: LatencyBuckets.count)
        lately = histogram.lately.isEmpty ? none : histogram.lately.map { Int($0) }
        total = histogram.total.isEmpty ? none : histogram.total
        sum = histogram.sum
    }
}
