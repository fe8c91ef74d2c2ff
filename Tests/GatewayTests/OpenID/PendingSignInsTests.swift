import Testing

@testable import Gateway

@Suite struct PendingSignInsTests {
    private func signIn(_ number: Int, address: String, at: Double = 1_000)
        -> PendingSignIns.SignIn
    {
        PendingSignIns.SignIn(
            state: "s\(number)", browser: "b", nonce: "n", verifier: "v", address: address,
            startedAt: at)
    }

    @Test func `a state counts once`() {
        var pending = PendingSignIns()
        pending.begin(signIn(1, address: "a"))

        #expect(pending.take("s2", now: 1_000) == nil)
        #expect(pending.take("s1", now: 1_000)?.address == "a")
        #expect(pending.take("s1", now: 1_000) == nil)
    }

    @Test func `a state ends with its time`() {
        let end = 1_000 + OpenIDLimits.pendingSeconds
        for (now, isThere) in [(end - 0.1, true), (end, false), (939, false)] {
            var pending = PendingSignIns()
            pending.begin(signIn(1, address: "a"))
            #expect((pending.take("s1", now: now) != nil) == isThere, "\(now)")
            #expect(pending.count == 0)
        }
    }

    @Test func `an address pushes out its own only`() {
        var pending = PendingSignIns()
        pending.begin(signIn(0, address: "other"))
        for number in 1...OpenIDLimits.pendingPerAddress {
            pending.begin(signIn(number, address: "a"))
        }
        #expect(pending.count == OpenIDLimits.pendingPerAddress + 1)

        pending.begin(signIn(1_000, address: "a"))

        #expect(pending.count == OpenIDLimits.pendingPerAddress + 1)
        #expect(pending.take("s1", now: 1_000) == nil)
        #expect(pending.take("s0", now: 1_000) != nil)
        #expect(pending.take("s2", now: 1_000) != nil)
    }

    @Test func `the oldest of all gives way at the bound`() {
        var pending = PendingSignIns()
        for number in 1...OpenIDLimits.pending {
            pending.begin(signIn(number, address: "\(number)"))
        }
        #expect(pending.count == OpenIDLimits.pending)

        pending.begin(signIn(0, address: "new"))

        #expect(pending.count == OpenIDLimits.pending)
        #expect(pending.take("s1", now: 1_000) == nil)
        #expect(pending.take("s2", now: 1_000) != nil && pending.take("s0", now: 1_000) != nil)
    }
}
