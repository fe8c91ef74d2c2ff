import Testing

@testable import Fleet

/// What the broker says about itself becomes findings, each with what to change.
@Suite struct BrokerFindingsTests {
    private func findings(_ change: (inout BrokerFacts) -> Void) -> [Finding] {
        var facts = BrokerFacts()
        change(&facts)
        var state = FleetState(startedAt: 0)
        state.apply(broker: facts)
        return state.findings(now: 1)
    }

    /// A Redis as it should be.
    private func sound(_ facts: inout BrokerFacts) {
        facts.version = "7.0.15"
        facts.maxmemoryPolicy = "noeviction"
        facts.maxmemory = 0
        facts.pubsubHardLimit = 32 << 20
        facts.pubsubSoftLimit = 8 << 20
        facts.appendsToFile = true
        facts.makesSnapshots = false
        facts.forgottenReplies = 0
        facts.mailboxListeners = 3
        facts.unnumberedListeners = 0
    }

    @Test func `a sound broker and one that tells nothing have no findings`() {
        #expect(findings(sound).isEmpty)
        #expect(findings { _ in }.isEmpty)
    }

    @Test(arguments: [
        ("2.8", Finding.Severity?.some(.error)), ("6.0.20", .error), ("6.1.99", .error),
        ("6.2.0", nil), ("7.0", nil), ("10.0.0", nil), ("", nil), ("unstable", nil), ("6", nil),
    ])
    func `a Redis before 6_2 is an error`(version: String, expected: Finding.Severity?) {
        let found = findings { $0.version = version }

        #expect(found.map(\.severity) == (expected.map { [$0] } ?? []))
        #expect(found.allSatisfy { $0.rule == "redis-old" })
    }

    @Test(arguments: [
        ("noeviction", 0, Finding.Severity?.none), ("noeviction", 1, nil),
        ("allkeys-lru", 0, .warning), ("volatile-ttl", 1_024, .error),
    ])
    func `a policy that evicts is an error where memory is limited`(
        policy: String, maxmemory: Int, expected: Finding.Severity?
    ) {
        let found = findings {
            $0.maxmemoryPolicy = policy
            $0.maxmemory = maxmemory
        }

        #expect(found.map(\.severity) == (expected.map { [$0] } ?? []))
        #expect(found.allSatisfy { $0.fix.contains("noeviction") })
    }

    @Test(arguments: [
        (32 << 20, 8 << 20, Finding.Severity?.none), (0, 0, .info), (64 << 20, 0, nil),
        ((32 << 20) - 1, 8 << 20, .warning), (32 << 20, (8 << 20) - 1, .warning),
        (0, 1, .warning),
    ])
    func `limits below those of Redis cut subscribers off`(
        hard: Int, soft: Int, expected: Finding.Severity?
    ) {
        let found = findings {
            $0.pubsubHardLimit = hard
            $0.pubsubSoftLimit = soft
        }

        #expect(found.map(\.severity) == (expected.map { [$0] } ?? []))
        #expect(found.allSatisfy { $0.rule == "output-buffer-limit" })
    }

    @Test func `no persistence is told only if both kinds are off`() {
        for (appends, snapshots) in [(true, true), (true, false), (false, true), (false, false)] {
            let found = findings {
                $0.appendsToFile = appends
                $0.makesSnapshots = snapshots
            }
            #expect(found.map(\.rule) == (appends || snapshots ? [] : ["no-persistence"]))
        }
        #expect(findings { $0.appendsToFile = false }.isEmpty, "unknown snapshots are no finding")
    }

    @Test func `old workers on Sentinel are told from new ones that listen to both names`() {
        func found(_ compat: [Bool?]) -> [Finding] {
            var facts = BrokerFacts()
            facts.unnumberedListeners = 2
            var state = FleetState(startedAt: 0)
            state.apply(broker: facts)
            for (number, compat) in compat.enumerated() {
                let name = "w\(number)@host"
                state.apply(Make.worker(.heartbeat, at: 0, on: name), receivedAt: 0)
                guard let compat else { continue }
                var settings = WorkerSettings()
                settings.listensToOldNames = compat
                state.apply(.conf(settings), from: name, receivedAt: 0)
            }
            state.advance(now: 1)
            return state.findings(now: 1).filter { $0.rule == "kombu-sentinel" }
        }

        #expect(found([]).map(\.severity) == [.error])
        #expect(found([false, false, false]).map(\.severity) == [.error])
        #expect(found([true, false]).map(\.severity) == [.error])
        #expect(found([true, true]).map(\.severity) == [.info])
        #expect(found([true, nil]).map(\.severity) == [.info], "who has not told may be one")
        #expect((found([]) + found([true, true])).allSatisfy { $0.fix.contains("5.4") })
    }

    @Test func `each certificate that is not checked is told`() {
        let found = findings { $0.unverified = ["broker", "result backend"] }

        #expect(found.map(\.id) == ["tls-unverified:broker", "tls-unverified:result backend"])
        #expect(found.allSatisfy { $0.fix.contains("ssl_cert_reqs=required") })
    }

    @Test func `forgotten answers are counted`() throws {
        let found = findings { $0.forgottenReplies = 7 }

        #expect(try #require(found.first).detail.hasPrefix("7 lists"))
        #expect(findings { $0.forgottenReplies = 0 }.isEmpty)
    }

    @Test func `a finding keeps its beginning, and goes when the broker cannot be asked`() {
        var facts = BrokerFacts()
        facts.forgottenReplies = 1
        var state = FleetState(startedAt: 0)
        state.apply(broker: facts)
        state.advance(now: 5)
        state.advance(now: 9)
        #expect(state.findings(now: 9).first?.since == 5)

        state.apply(broker: nil)

        #expect(state.findings(now: 10).isEmpty)
    }
}
