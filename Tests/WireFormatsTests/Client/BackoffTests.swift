import Testing
import WireFormats

@Suite struct BackoffTests {
    @Test func `the span doubles up to half a minute`() {
        var backoff = Backoff()
        let pauses = (0..<9).map { _ in backoff.lost(at: 0, chance: 1) }

        #expect(pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30])
    }

    @Test func `the first attempt after a session comes within two seconds`() {
        var backoff = Backoff()
        backoff.established(at: 0)

        #expect(backoff.lost(at: 1, chance: 1) == 2)
        #expect(backoff.lost(at: 2, chance: 1) == 1)
    }

    @Test(arguments: [(59.9, 4.0), (60, 2)])
    func `only a minute of health makes it the first again`(health: Double, pause: Double) {
        var backoff = Backoff()
        for _ in 0..<3 { _ = backoff.lost(at: 0, chance: 1) }
        backoff.established(at: 0)

        #expect(backoff.lost(at: health, chance: 1) == pause)
    }

    @Test func `sessions that break at once are tried ever more seldom`() {
        var backoff = Backoff()
        let pauses = (0..<5).map { number in
            backoff.established(at: Double(number) * 40)
            return backoff.lost(at: Double(number) * 40 + 1, chance: 1)
        }

        #expect(pauses == [2, 1, 2, 4, 8])
    }

    @Test func `chance is above what the gateway wants`() {
        var backoff = Backoff()

        #expect(backoff.lost(at: 0, least: 10, chance: 0) == 10)
        #expect(backoff.lost(at: 0, least: 10, chance: 0.5) == 10.5)
    }
}
