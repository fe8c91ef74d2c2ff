import Testing

@testable import Fleet

/// What a broker refuses, what it forbids, and clocks: each becomes a finding with what to change.
@Suite struct BrokerRefusalTests {
    private func findings(_ change: (inout BrokerFacts) -> Void) -> [Finding] {
        var facts = BrokerFacts()
        change(&facts)
        var state = FleetState(startedAt: 0)
        state.apply(broker: facts)
        return state.findings(now: 1)
    }

    @Test(arguments: [
        (899, 1_000, "noeviction", Finding.Severity?.none), (900, 1_000, "noeviction", .warning),
        (994, 1_000, "noeviction", .warning), (995, 1_000, "noeviction", .error),
        (2_000, 1_000, "noeviction", .error), (2_000, 0, "noeviction", nil),
    ])
    func `memory that is nearly or wholly used is told`(
        used: Int, most: Int, policy: String, expected: Finding.Severity?
    ) {
        let found = findings {
            $0.usedMemory = used
            $0.maxmemory = most
            $0.maxmemoryPolicy = policy
        }

        #expect(found.map(\.severity) == (expected.map { [$0] } ?? []))
        #expect(found.allSatisfy { $0.rule == "memory-full" && $0.fix.contains("maxmemory") })
    }

    @Test func `a disk that cannot be written, a replica and a lost result backend are errors`() {
        let found = findings {
            $0.diskFailure = "its last snapshot could not be written"
            $0.isReplica = true
            $0.resultsReason = "127.0.0.1:1: Connection refused"
        }

        #expect(found.map(\.rule) == ["writes-refused", "broker-replica", "results-down"])
        #expect(found.allSatisfy { $0.severity == .error && !$0.fix.isEmpty })
        #expect(findings { $0.isReplica = false }.isEmpty)
    }

    @Test func `forbidden commands are named with the rule that allows them`() throws {
        let found = findings {
            $0.forbidden = [
                BrokerFacts.Forbidden(
                    server: "result backend", commands: ["EVAL", "GET"], words: "NOPERM …")
            ]
        }

        #expect(try #require(found.first).id == "redis-forbids:result backend")
        #expect(found.first?.fix.contains("+eval +get") == true)
    }

    @Test(arguments: [
        ("NOAUTH Authentication required.", "password"), ("AUTH refused: WRONGPASS …", "%2F"),
        ("PSUBSCRIBE: NOPERM this user …", "ACL SETUSER"), ("LOADING Redis is loading", "Wait"),
        ("READONLY You can't write", "master"), ("the server is a slave, not the master", "master"),
        ("the server became a replica", "master"), ("MASTERDOWN Link with MASTER", "master"),
        ("no Sentinel knows the master m: Sentinel a:1 does not know it", "--sentinel-master"),
        ("no Sentinel knows the master m: a:1 did not answer in time", "Sentinels"),
        ("EVAL: OOM command not allowed", "maxmemory"), ("EVAL: MISCONF Redis is", "disk"),
        ("ERR max number of clients reached", "maxclients"), ("DENIED Redis is running", "bind"),
        ("h:1: TLS handshake: wrong version number", "redis://"),
        ("h:1 did not answer in time (TLS handshake)", "redis://"),
        ("h:1: TLS read: certificate required", "ssl_certfile"),
        ("h:1: hostname mismatch", "ssl_check_hostname"),
        ("h:1: certificate verify failed", "ssl_ca_certs"),
        ("looking up h: Name or service not known", "host name"),
        ("connecting to h:1: Connection refused", "Start Redis"),
        ("h:1: nothing heard for 4.4 s", "network"),
    ])
    func `each reason has its advice`(reason: String, word: String) {
        #expect(BrokerAdvice.fix(for: reason)?.contains(word) == true)
    }

    @Test func `an unknown reason has no advice, and a gap says the newest words`() throws {
        #expect(BrokerAdvice.fix(for: "something else") == nil)
        var state = FleetState(startedAt: 0)
        _ = state.openGap(from: 0, reason: "the server closed the connection", now: 1)
        #expect(state.findings(now: 1).first?.fix.contains("reconnects by itself") == true)

        state.note(eventsLost: "LOADING Redis is loading the dataset")

        let gap = try #require(state.findings(now: 1).first { $0.rule == "gap-open" })
        #expect(gap.detail.contains("LOADING") && gap.fix.hasPrefix("Wait"))
        state.note(eventsLost: nil)
        #expect(state.findings(now: 1).first?.detail.contains("closed") == true)
    }

    @Test(arguments: [600.0, -600])
    func `a clock of ours that was set is told once, not for each worker`(error: Double) {
        var state = FleetState(startedAt: 0)
        heartbeat("right@a", at: 1_000 + error, to: &state)
        heartbeat("ahead@a", at: 1_000 + error + 3_600, to: &state)
        #expect(state.findings(now: 1_000).filter { $0.rule == "clock-skew" }.count == 2)

        state.clockError = error

        let found = state.findings(now: 1_000)
        #expect(found.filter { $0.rule == "clock-skew" }.map(\.subject) == ["worker ahead@a"])
        #expect(found.first { $0.rule == "clock-skew" }?.detail.contains("1 h ahead") == true)
        #expect(found.contains { $0.id == "gateway-clock:gateway" })
        state.clockError = 0.5
        #expect(!state.findings(now: 1_000).contains { $0.rule == "gateway-clock" })
    }

    @Test func `records that cannot be written are an error of the gateway`() throws {
        var state = FleetState(startedAt: 0)
        #expect(!state.findings(now: 1).contains { $0.rule == "records-unwritable" })

        state.recordsTrouble = "recording a command: database or disk is full"

        let found = try #require(
            state.findings(now: 1).first { $0.id == "records-unwritable:gateway" })
        #expect(
            found.severity == .error
                && found.detail.hasPrefix("recording a command: database or disk"))
    }

    @Test func `events that are off come with the command that switches them on`() throws {
        var state = FleetState(startedAt: 0)
        heartbeat("quiet@a", at: 1_000, to: &state)
        let place = try #require(Array(state.workers.places).first)
        state.workers[place].roseWithoutEvents = 2

        let found = try #require(state.findings(now: 1_000).first { $0.rule == "events-off" })

        #expect(
            found.offer
                == Finding.Offer(command: "worker.enableEvents", workers: ["quiet@a"]))
    }

    private func heartbeat(_ name: String, at time: Double, to state: inout FleetState) {
        var event = Make.worker(.heartbeat, at: time)
        if case .worker(var worker) = event {
            worker.origin.hostname = name
            event = .worker(worker)
        }
        state.apply(event, receivedAt: 1_000)
    }
}
