import Testing

@testable import Gateway

@Suite struct CommandRatesTests {
    /// How many of so many commands at one moment pass.
    private func passed(
        _ rates: inout CommandRates, _ count: Int, by principal: String = "ada",
        destroying: String? = nil, now: Double = 1000
    ) -> Int {
        (0..<count).filter { _ in
            (try? rates.take(principal, destroying: destroying, now: now)) != nil
        }.count
    }

    @Test(arguments: [(10, 10), (11, 10)])
    func `so many commands may come at once`(count: Int, expected: Int) {
        var rates = CommandRates()

        #expect(passed(&rates, count) == expected)
    }

    @Test(arguments: [(5, 5), (6, 5)])
    func `so many more come in each second after them`(count: Int, expected: Int) {
        var rates = CommandRates()
        _ = passed(&rates, 10)

        #expect(passed(&rates, count, now: 1001) == expected)
    }

    @Test(arguments: [(6, 6), (7, 6)])
    func `so many purges and terminations, each, may come in a minute`(
        count: Int, expected: Int
    ) {
        var rates = CommandRates()

        #expect(passed(&rates, count, destroying: "queue.purge") == expected)
        #expect(passed(&rates, 1, destroying: "terminate", now: 1002) == 1)
        #expect(passed(&rates, 1, destroying: "queue.purge", now: 1009) == 0)
        #expect(passed(&rates, 1, destroying: "queue.purge", now: 1011) == 1)
    }

    @Test func `a refusal says when to try again`() {
        var rates = CommandRates()
        _ = passed(&rates, 10)

        let refusal = #expect(throws: CommandFault.self) { try rates.take("ada", now: 1000) }

        #expect(refusal?.code == .limited && refusal?.retryAfterMilliseconds == 200)
        #expect(
            refusal?.message
                == "too many commands: at most 5 per second, 10 at once; try again in 1 s")
    }

    @Test func `a refusal names the limit of what destroys work`() {
        var rates = CommandRates()
        _ = passed(&rates, 6, destroying: "terminate")

        let refusal = #expect(throws: CommandFault.self) {
            try rates.take("ada", destroying: "terminate", now: 1000)
        }

        #expect(refusal?.code == .limited && refusal?.retryAfterMilliseconds == 10_000)
        #expect(
            refusal?.message
                == "too many commands: at most 6 per minute with terminate; try again in 10 s")
    }

    @Test func `who gives commands can be told what is left`() {
        var rates = CommandRates()
        let untouched = rates.standings(of: "ada", now: 1000)
        _ = passed(&rates, 3)
        _ = passed(&rates, 2, destroying: "queue.purge")

        let told = RateStanding.headers(rates.standings(of: "ada", now: 1000))
        let later = RateStanding.headers(rates.standings(of: "ada", now: 1000.5))
        let rested = rates.standings(of: "ada", now: 1060)

        #expect(told.map(\.name) == ["ratelimit-policy", "ratelimit"])
        #expect(told[0].value == #""commands";q=10;w=2, "queue.purge";q=6;w=60"#)
        #expect(told[1].value == #""commands";r=5;t=1, "queue.purge";r=4;t=20"#)
        #expect(later[1].value == #""commands";r=7;t=1, "queue.purge";r=4;t=20"#)
        #expect(rested == untouched)
        #expect(RateStanding.headers(untouched)[1].value == #""commands";r=10;t=0"#)
    }

    @Test func `each principal has limits of its own`() {
        var rates = CommandRates()
        _ = passed(&rates, 10)

        #expect(passed(&rates, 10, by: "bob") == 10)
    }

    @Test func `principals that rest are forgotten, others are not`() {
        var rates = CommandRates()
        _ = passed(&rates, 10, now: 1000)
        for number in 0...CommandRates.principals {
            _ = passed(&rates, 1, by: "p\(number)", now: 1000)
        }

        #expect(passed(&rates, 1, by: "more", now: 1000.1) == 1)
        #expect(passed(&rates, 1, now: 1000.1) == 0)
    }
}
