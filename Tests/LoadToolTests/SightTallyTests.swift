import Histogram
import Testing

@testable import celeriac_load

/// The figures of `bin/bench latency` with real workers.
@Suite struct SightTallyTests {
    @Test func `each fact of each task counts once for each client`() {
        var tally = SightTally(clients: 2, span: 100...200)
        for client in 0..<2 {
            tally.saw(.received, at: 150, of: 7, client: client, moment: 150.010)
            tally.saw(.received, at: 150, of: 7, client: client, moment: 150.900)
            tally.saw(.started, at: 150.020, of: 7, client: client, moment: 150.050)
        }
        #expect(tally.tasks == 1 && tally.expected == 2)
        #expect(tally.sights == [2, 2, 0])
        #expect(tally.missing == 2, "nobody saw its end")
        tally.saw(.finished, at: 150.1, of: 7, client: 0, moment: 150.2)
        tally.saw(.finished, at: 150.1, of: 7, client: 1, moment: 150.2)
        #expect(tally.missing == 0)
        // Microseconds, three digits.
        #expect((9_990...10_010).contains(tally.histograms[0].max))
        #expect((29_900...30_100).contains(tally.histograms[1].max))
    }

    @Test func `tasks received outside of the span are not measured`() {
        var tally = SightTally(clients: 1, span: 100...200)
        tally.saw(.received, at: 99.9, of: 1, client: 0, moment: 100)
        tally.saw(.started, at: 120, of: 1, client: 0, moment: 121)
        tally.saw(.received, at: 200.1, of: 2, client: 0, moment: 201)
        // Its receipt was never seen, so nobody knows whether it belongs to the span.
        tally.saw(.finished, at: 150, of: 3, client: 0, moment: 151)
        #expect(tally.tasks == 0 && tally.missing == 0 && tally.sights == [0, 0, 0])
    }
}
