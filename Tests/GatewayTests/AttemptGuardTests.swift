import Testing

@testable import Gateway

@Suite struct AttemptGuardTests {
    private func failing(_ count: Int, from address: String = "192.0.2.1", at now: Double = 1_000)
        -> AttemptGuard
    {
        var attempts = AttemptGuard()
        for _ in 0..<count { attempts.failed(address, now: now) }
        return attempts
    }

    @Test(
        arguments: [
            (0, 0.0), (AttemptGuard.free - 1, 0), (AttemptGuard.free, 1),
            (AttemptGuard.free + 1, 2),
            (AttemptGuard.free + 5, 32), (AttemptGuard.free + 6, 60), (1_000, 60),
        ] as [(Int, Double)])
    func `each failure beyond the free ones doubles the wait up to a minute`(
        count: Int, wait: Double
    ) {
        let attempts = failing(count)

        #expect(attempts.wait(for: "192.0.2.1", now: 1_000) == wait)
        #expect(attempts.wait(for: "192.0.2.1", now: 1_000 + wait) == 0)
        #expect(attempts.wait(for: "192.0.2.2", now: 1_000) == 0)
    }

    @Test func `a success and time forget failures`() {
        var attempts = failing(10)
        #expect(attempts.wait(for: "192.0.2.1", now: 1_001) > 0)
        attempts.succeeded("192.0.2.1")
        #expect(attempts.wait(for: "192.0.2.1", now: 1_001) == 0)

        var old = failing(10)
        old.failed("192.0.2.1", now: 1_000 + AttemptGuard.memory)
        #expect(old.wait(for: "192.0.2.1", now: 1_000 + AttemptGuard.memory) == 0)
    }

    @Test func `addresses beyond the bound share one count and wash no other out`() {
        var attempts = failing(10)
        for number in 1..<AttemptGuard.addresses { attempts.failed("a\(number)", now: 1_000) }
        #expect(attempts.wait(for: "new", now: 1_000) == 0)
        for number in 0..<AttemptGuard.free { attempts.failed("b\(number)", now: 1_000) }

        #expect(attempts.wait(for: "new", now: 1_000) == 1)
        #expect(attempts.wait(for: "a1", now: 1_000) == 0)
        #expect(attempts.wait(for: "192.0.2.1", now: 1_000) == 32)
        // When the others are forgotten there is room again.
        let later = 1_000 + AttemptGuard.memory
        attempts.failed("new", now: later)
        #expect(attempts.wait(for: "b1", now: later) == 0)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"), ("2001:DB8::1", "2001:db8:0:0::/64"),
        ("::1", "0:0:0:0::/64"), ("fe80::1%eth0", "fe80:0:0:0::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("", ""), ("local", "local"),
    ])
    func `an IPv6 network counts as one address`(address: String, group: String) {
        #expect(AttemptGuard.group(address) == group)
    }

    @Test func `names are told apart whole, and a failure can be taken back`() {
        var attempts = AttemptGuard { $0 }
        let names = ["a:b:c:d:e", "a:b:c:d:f"]

        for _ in 0..<AttemptGuard.free { attempts.failed(names[0], now: 1_000) }

        #expect(attempts.wait(for: names[0], now: 1_000) == 1)
        #expect(attempts.wait(for: names[1], now: 1_000) == 0)
        attempts.withdraw(names[0])
        #expect(attempts.wait(for: names[0], now: 1_000) == 0)
        attempts.withdraw(names[1])
        #expect(attempts.wait(for: names[1], now: 1_000) == 0)
    }
}
