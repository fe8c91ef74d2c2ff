import Testing

@testable import Gateway

@Suite struct TickPacerTests {
    private func pacer() -> TickPacer { TickPacer(shortest: 20, share: 0.5) }

    @Test func `the first change after quiet makes a tick at once`() {
        var pacer = pacer()

        #expect(pacer.changed(now: 1_000) == 1_000)
        #expect(pacer.planned == 1_000)
    }

    @Test func `changes after a tick wait for the next one, which is planned once`() {
        var pacer = pacer()
        pacer.began(now: 1_000)
        pacer.ended(cost: 0.1)

        #expect(pacer.changed(now: 1_001) == 1_020)
        #expect(pacer.changed(now: 1_002) == nil)
        #expect(pacer.changed(now: 1_019) == nil)
        pacer.began(now: 1_020)
        #expect(pacer.planned == nil)
        #expect(pacer.changed(now: 1_040) == 1_040)
    }

    @Test func `a client that waits makes a tick at its time, and a change before it a sooner one`()
    {
        var pacer = pacer()
        pacer.began(now: 1_000)

        #expect(pacer.waits(until: 1_250, now: 1_000) == 1_250)
        #expect(pacer.waits(until: 1_300, now: 1_000) == nil)
        #expect(pacer.waits(until: 1_100, now: 1_010) == 1_100)
        #expect(pacer.changed(now: 1_030) == 1_030)
        #expect(pacer.waits(until: 1_040, now: 1_030) == nil)
    }

    @Test func `a client whose time has come does not break the distance of ticks`() {
        var pacer = pacer()
        pacer.began(now: 1_000)

        #expect(pacer.waits(until: 900, now: 1_005) == 1_020)
    }

    @Test func `ticks take at most their share of the time`() {
        var pacer = pacer()
        pacer.began(now: 1_000)
        pacer.ended(cost: 10)
        #expect(pacer.changed(now: 1_010) == 1_020)

        pacer.began(now: 1_020)
        pacer.ended(cost: 10.5)
        #expect(pacer.changed(now: 1_031) == 1_041)

        pacer.began(now: 1_041)
        pacer.ended(cost: 1_500)
        #expect(pacer.changed(now: 2_600) == 4_041)
    }

    @Test func `a steady stream of changes is told after at most one distance`() {
        var pacer = pacer()
        var ticks: [Int64] = []
        var longest: Int64 = 0
        var waitingSince: Int64?
        for now in Int64(0)..<1_000 {
            if pacer.planned.map({ $0 <= now }) == true {
                pacer.began(now: now)
                pacer.ended(cost: 1)
                ticks.append(now)
                if let since = waitingSince { longest = max(longest, now - since) }
                waitingSince = nil
            }
            if now % 2 == 0 {
                _ = pacer.changed(now: now)
                waitingSince = waitingSince ?? now
            }
        }

        #expect(ticks.count == 50)
        #expect(longest <= 20)
    }
}
