import Testing

@testable import Gateway

@Suite struct NewcomersTests {
    @Test func `a worker is new until it answers, and for a while only`() {
        var newcomers = Newcomers()
        newcomers.note("a@h", now: 10)
        newcomers.note("b@h", now: 12)
        #expect(newcomers.all(now: 12) == ["a@h", "b@h"])

        newcomers.answered("b@h")
        #expect(newcomers.all(now: 10 + Newcomers.seconds - 0.01) == ["a@h"])

        #expect(newcomers.all(now: 10 + Newcomers.seconds).isEmpty)
    }

    @Test func `a worker that comes up again is new again`() {
        var newcomers = Newcomers()
        newcomers.note("a@h", now: 10)
        newcomers.answered("a@h")
        newcomers.note("a@h", now: 13)

        #expect(newcomers.all(now: 10 + Newcomers.seconds) == ["a@h"])
        #expect(newcomers.all(now: 13 + Newcomers.seconds).isEmpty)
    }

    @Test(arguments: [Newcomers.limit, Newcomers.limit + 1])
    func `as many are remembered as the limit says, the last ones`(count: Int) {
        var newcomers = Newcomers()
        for number in 0..<count { newcomers.note("w\(number)", now: 1) }

        let names = newcomers.all(now: 1)

        #expect(names.count == Newcomers.limit)
        #expect(names.contains("w0") == (count == Newcomers.limit))
    }
}
