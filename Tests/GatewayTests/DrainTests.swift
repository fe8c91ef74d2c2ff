import Testing

@testable import Gateway

struct DrainTests {
    private func drain(spread: Int) -> Drain {
        Drain(startedAt: 0, slice: 33, spread: spread, done: {})
    }

    @Test func `each of a slice has its own part of the spread`() {
        let drain = drain(spread: 3_300)

        for _ in 0..<100 {
            for place in 0..<33 {
                let wait = drain.wait(place, of: 33) - SessionLimits.drainWaitMilliseconds
                #expect((place * 100...place * 100 + 100).contains(wait))
            }
        }
    }

    @Test func `ten thousand come back as evenly as they left`() {
        let drain = drain(spread: SessionLimits.drainSpreadMilliseconds)
        var arrivals: [Int] = []
        for slice in 0..<(10_000 / 33) {
            for place in 0..<33 { arrivals.append(slice * 100 + drain.wait(place, of: 33)) }
        }
        arrivals.sort()

        var most = 0
        var first = 0
        for last in arrivals.indices {
            while arrivals[last] - arrivals[first] >= 1_000 { first += 1 }
            most = max(most, last - first + 1)
        }

        // 330 leave in a second; F7 allows 400 to come back.
        #expect(most <= 370, "\(most)")
    }

    @Test func `one alone waits the least`() {
        #expect(drain(spread: 1).wait(0, of: 1) == SessionLimits.drainWaitMilliseconds)
    }
}
