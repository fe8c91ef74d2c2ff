/// Run times and waits of tasks: of all of them, of one name, or of one queue.
struct Latencies: Sendable {
    var runtimes: LatencyHistogram
    var waits: LatencyHistogram

    /// Counts from `now` on.
    init(now: Double) {
        runtimes = LatencyHistogram(now: now)
        waits = LatencyHistogram(now: now)
    }

    /// Counts the run time and the wait, if there is one, that one event told.
    mutating func record(_ news: RateRing.Second, now: Double) {
        if news.runtimes > 0 { runtimes.record(news.runtime, now: now) }
        if news.waits > 0 { waits.record(news.wait, now: now) }
    }

    /// Forgets what is too old.
    ///
    /// - Returns: whether a figure changed by it.
    mutating func advance(to now: Double) -> Bool {
        let hasRuntimes = runtimes.advance(to: now)
        let hasWaits = waits.advance(to: now)
        return hasRuntimes || hasWaits
    }

    /// Takes over what others of the same moment hold.
    mutating func absorb(_ other: Latencies) {
        runtimes.absorb(other.runtimes)
        waits.absorb(other.waits)
    }
}
