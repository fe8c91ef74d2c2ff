import Histogram
import Testing

@testable import celeriac_load

/// The figures of `bin/bench latency`: each client's first sight of each event counts, once.
@Suite struct LatencyTallyTests {
    @Test func `first sights count, sights again are repeats`() {
        var tally = LatencyTally(clients: 2)
        tally.beginMeasuring()
        tally.willPublish(at: 1_000)
        tally.saw(0, client: 0, at: 3_000)
        tally.saw(0, client: 0, at: 9_000)
        tally.saw(0, client: 1, at: 5_000)

        #expect(tally.events == 1)
        #expect(tally.expected == 2)
        #expect(tally.sights == 2)
        #expect(tally.repeats == 1)
        #expect(tally.histogram.totalCount == 2)
        #expect(tally.histogram.min == 2_000)
        #expect(tally.histogram.valueAtPercentile(100) == 4_000)
    }

    /// What nobody saw is the difference, which the benchmark calls missing.
    @Test func `what a client never saw is missing`() {
        var tally = LatencyTally(clients: 3)
        tally.beginMeasuring()
        for event in 0..<130 {
            tally.willPublish(at: Int64(event))
            for client in 0..<3 where !(client == 2 && event == 64) {
                tally.saw(event, client: client, at: Int64(event) + 10)
            }
        }
        #expect(tally.expected - tally.sights == 1)
        #expect(tally.repeats == 0)
    }

    @Test func `events from before the measuring, and ones never published, do not count`() {
        var tally = LatencyTally(clients: 1)
        tally.willPublish(at: 0)
        tally.saw(0, client: 0, at: 5)
        tally.beginMeasuring()
        tally.saw(0, client: 0, at: 6)
        tally.saw(1, client: 0, at: 7)
        #expect(tally.sights == 0 && tally.expected == 0 && tally.next == 1)

        tally.willPublish(at: 10)
        tally.saw(1, client: 0, at: 12)
        #expect(tally.sights == 1 && tally.expected == 1)
        #expect(tally.histogram.max == 2)
    }

    @Test func `a percentile is that of the first sights`() {
        var tally = LatencyTally(clients: 1)
        tally.beginMeasuring()
        for event in 0..<100 {
            tally.willPublish(at: 0)
            // Ninety-nine after a millisecond, one after a second.
            tally.saw(event, client: 0, at: event == 50 ? 1_000_000 : 1_000)
        }
        #expect(tally.histogram.valueAtPercentile(50) == 1_000)
        #expect(tally.histogram.valueAtPercentile(99) == 1_000)
        #expect(tally.histogram.valueAtPercentile(99.9) >= 999_000)
    }
}
