import EventLoop
import Testing

@Suite struct SteadyClockTests {
    @Test(arguments: [600.0, -600, 1e9])
    func `a clock that is set makes no jump and is followed slowly`(step: Double) {
        var time = SteadyTime(monotonic: 50, wall: 1_000)
        var before = time.advance(monotonic: 51, wall: 1_001)
        #expect(before == 1_001)

        for second in 52...152 {
            let now = time.advance(monotonic: Double(second), wall: Double(second) + 950 + step)
            #expect(abs(now - before - 1) <= SteadyClock.pace + 1e-6)
            #expect(now > before)
            before = now
        }

        #expect(abs(before - 1_102 - 10.1 * (step > 0 ? 1 : -1)) < 1e-3)
    }

    @Test func `in the end it says what the machine says`() {
        var time = SteadyTime(monotonic: 0, wall: 0)
        for second in 1...7_000 {
            _ = time.advance(monotonic: Double(second), wall: Double(second) + 600)
        }

        #expect(time.advance(monotonic: 7_001, wall: 7_601) == 7_601)
    }

    @Test func `small corrections are followed at once`() {
        var time = SteadyTime(monotonic: 0, wall: 0)

        #expect(time.advance(monotonic: 1, wall: 1.05) == 1.05)
        #expect(time.advance(monotonic: 2, wall: 2.01) == 2.01)
    }

    @Test func `reading it out of order never makes it run backwards`() {
        var time = SteadyTime(monotonic: 10, wall: 10)
        let late = time.advance(monotonic: 12, wall: 12)

        #expect(time.advance(monotonic: 11, wall: 11) == late)
    }

    @Test func `the real one agrees with the machine while nobody sets its clock`() {
        let first = SteadyClock.shared.now

        #expect(SteadyClock.shared.now >= first)
        #expect(abs(SteadyClock.shared.error) < 1)
    }
}
