/// What happened in each of the last seconds.
struct RateRing: Sendable {
    /// One second.
    struct Second: Sendable {
        var events: UInt32 = 0
        var finished: UInt32 = 0
        var succeeded: UInt32 = 0
        var failed: UInt32 = 0
        var sent: UInt32 = 0
        var received: UInt32 = 0
        var runtimes: UInt32 = 0
        var waits: UInt32 = 0
        var runtime = 0.0
        var wait = 0.0

        mutating func add(_ other: Second) {
            events &+= other.events
            finished &+= other.finished
            succeeded &+= other.succeeded
            failed &+= other.failed
            sent &+= other.sent
            received &+= other.received
            runtimes &+= other.runtimes
            waits &+= other.waits
            runtime += other.runtime
            wait += other.wait
        }

        var runtimeMean: Double? { runtimes == 0 ? nil : runtime / Double(runtimes) }
        var waitMean: Double? { waits == 0 ? nil : wait / Double(waits) }
    }

    private var seconds: [Second]
    /// The newest second that has a place.
    private var head: Int64
    /// Its place: kept, because a division for each event is dear.
    private var headPlace: Int

    /// Remembers `capacity` seconds, from `now` on.
    init(capacity: Int, now: Double) {
        seconds = Array(repeating: Second(), count: max(capacity, 1))
        head = Self.second(now)
        headPlace = Self.place(head, of: seconds.count)
    }

    /// Forgets what is too old. A clock that steps back is held at the newest second.
    mutating func advance(to now: Double) {
        let second = Self.second(now)
        guard second > head else { return }
        let steps = min(second - head, Int64(seconds.count))
        for step in 0..<steps { seconds[place(second - step)] = Second() }
        head = second
        headPlace = place(second)
    }

    /// Changes the newest second.
    mutating func record(_ body: (inout Second) -> Void) {
        body(&seconds[headPlace])
    }

    /// Sum of the newest `count` seconds, the current one included.
    func sum(last count: Int) -> Second {
        var sum = Second()
        for step in 0..<min(count, seconds.count) { sum.add(seconds[place(head - Int64(step))]) }
        return sum
    }

    private func place(_ second: Int64) -> Int { Self.place(second, of: seconds.count) }

    private static func place(_ second: Int64, of count: Int) -> Int {
        let size = Int64(count)
        return Int(((second % size) + size) % size)
    }

    private static func second(_ time: Double) -> Int64 {
        guard time.isFinite else { return 0 }
        return Int64(min(max(time, -1e15), 1e15).rounded(.down))
    }
}
