/// How many durations fell into each of ``LatencyBuckets``: since the start, and in the last five minutes.
///
/// A duration costs a handful of additions, and nobody ever walks over what was counted before. What was
/// never used takes no memory.
struct LatencyHistogram: Sendable {
    /// Seconds of one place of the ring.
    static let step = 60.0
    /// Places: the newest one is unfinished.
    static let places = 5

    /// The ring's places one after the other, and behind them their sum.
    private var ring: [UInt32] = []
    /// Since the start.
    private var all: [Int] = []
    /// Seconds since the start.
    private(set) var sum = 0.0
    /// The newest minute that has a place.
    private var head: Int64

    private static let buckets = LatencyBuckets.count

    /// Counts from `now` on.
    init(now: Double) {
        head = Self.number(now)
    }

    /// Durations in each bucket since the start; empty if there was none.
    var total: [Int] { all }

    /// Durations in each bucket in the last five minutes; empty if there never was one.
    var lately: ArraySlice<UInt32> { ring.suffix(Self.buckets) }

    /// Counts a duration that was learned now.
    mutating func record(_ seconds: Double, now: Double) {
        if ring.isEmpty {
            ring = Array(repeating: 0, count: (Self.places + 1) * Self.buckets)
            all = Array(repeating: 0, count: Self.buckets)
        }
        _ = advance(to: now)
        let bucket = LatencyBuckets.bucket(seconds)
        ring[Self.place(head) * Self.buckets + bucket] &+= 1
        ring[Self.places * Self.buckets + bucket] &+= 1
        all[bucket] += 1
        sum += seconds
    }

    /// Forgets what is too old. A clock that steps back is held at the newest place.
    ///
    /// - Returns: whether a figure changed by it.
    mutating func advance(to now: Double) -> Bool {
        let number = Self.number(now)
        guard number > head else { return false }
        let steps = min(number - head, Int64(Self.places))
        head = number
        guard !ring.isEmpty else { return false }
        var hasChanged = false
        for step in 0..<steps {
            let start = Self.place(number - step) * Self.buckets
            for bucket in 0..<Self.buckets where ring[start + bucket] > 0 {
                ring[Self.places * Self.buckets + bucket] &-= ring[start + bucket]
                ring[start + bucket] = 0
                hasChanged = true
            }
        }
        return hasChanged
    }

    /// Takes over what another one of the same moment holds.
    mutating func absorb(_ other: LatencyHistogram) {
        guard !other.ring.isEmpty else { return }
        guard !ring.isEmpty else {
            self = other
            return
        }
        for bucket in all.indices { all[bucket] += other.all[bucket] }
        sum += other.sum
        guard head == other.head else { return }
        for index in ring.indices { ring[index] &+= other.ring[index] }
    }

    /// What half, 95 % and 99 % of the last five minutes' durations took at most: bounds of buckets, so they
    /// change seldom. `nil` if there was none.
    var quantiles: LatencyQuantiles? {
        let counts = lately
        let count = counts.reduce(0) { $0 + Int($1) }
        guard count > 0 else { return nil }
        func bound(_ percent: Int) -> Double {
            // The smallest whole number of durations that is no less than the share asked for.
            let rank = (count * percent + 99) / 100
            var passed = 0
            for (bucket, number) in counts.enumerated() {
                passed += Int(number)
                if passed >= rank {
                    return LatencyBuckets.bounds[min(bucket, LatencyBuckets.bounds.count - 1)]
                }
            }
            return LatencyBuckets.bounds.last ?? 0
        }
        return LatencyQuantiles(p50: bound(50), p95: bound(95), p99: bound(99))
    }

    private static func place(_ number: Int64) -> Int {
        Int(((number % Int64(places)) + Int64(places)) % Int64(places))
    }

    private static func number(_ time: Double) -> Int64 {
        guard time.isFinite else { return 0 }
        return Int64((min(max(time, -1e15), 1e15) / step).rounded(.down))
    }
}
