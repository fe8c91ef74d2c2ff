/// How far behind clients were when they were told, since the start: in fixed buckets.
struct LagHistogram {
    /// Upper bounds, each within its bucket.
    let bounds: [Double]
    /// In each bucket, and in one more beyond the last bound.
    private(set) var counts: [Int]
    /// Sum of all.
    private(set) var sum = 0.0

    /// Seconds: from less than a tick to longer than anybody should wait.
    static let seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// Revisions.
    static let revisions: [Double] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 10_000]

    /// An empty one.
    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Counts one.
    mutating func note(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
