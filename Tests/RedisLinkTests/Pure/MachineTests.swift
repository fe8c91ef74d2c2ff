import Ports
import Testing

@testable import RedisLink

@Suite struct LinkMachineTests {
    /// `#expect` cannot look into a value that must not be copied; this one passes everything on.
    private final class Driver {
        private var machine = LinkMachine(timeouts: RedisTimeouts())
        var isReady: Bool { machine.isReady }
        var isStopped: Bool { machine.isStopped }
        func start() -> LinkMachine.Action { machine.start() }
        func connected(now: Double) -> Bool { machine.connected(now: now) }
        func failed(now: Double, random: Double) -> LinkMachine.Action {
            machine.failed(now: now, random: random)
        }
        func waited() -> LinkMachine.Action { machine.waited() }
        func stop() { machine.stop() }
    }

    @Test func `pauses double up to the cap and are random below their bound`() {
        let machine = Driver()
        #expect(machine.start() == .connect(turn: 0))

        for (round, bound) in [0.1, 0.2, 0.4, 0.8, 1.5, 1.5, 1.5].enumerated() {
            #expect(machine.failed(now: 0, random: 0.5) == .wait(seconds: bound / 2))
            #expect(machine.waited() == .connect(turn: round + 1))
        }
        #expect(machine.failed(now: 0, random: 0) == .wait(seconds: LinkMachine.leastPause))
    }

    @Test func `only a connection that lasted starts again with the first pause`() {
        let machine = Driver()
        _ = machine.start()
        for _ in 0..<3 {
            _ = machine.failed(now: 0, random: 0.5)
            _ = machine.waited()
        }

        #expect(machine.connected(now: 100))
        #expect(machine.isReady)
        #expect(machine.failed(now: 104.9, random: 0.5) == .wait(seconds: 0.4))
        _ = machine.waited()
        #expect(machine.connected(now: 200))
        #expect(machine.failed(now: 205, random: 0.5) == .wait(seconds: 0.05))
    }

    @Test func `a broken connection tries the same server first, a failed attempt the next`() {
        let machine = Driver()
        _ = machine.start()
        _ = machine.connected(now: 0)
        _ = machine.failed(now: 9, random: 0)
        #expect(machine.waited() == .connect(turn: 0))
        _ = machine.failed(now: 9, random: 0)
        #expect(machine.waited() == .connect(turn: 1))
    }

    @Test func `a stopped link wants nothing, whatever comes late`() {
        let machine = Driver()
        _ = machine.start()
        machine.stop()

        #expect(!machine.connected(now: 1))
        #expect(machine.failed(now: 1, random: 0.5) == .none)
        #expect(machine.waited() == .none)
        #expect(machine.start() == .none)
        #expect(machine.isStopped)
    }
}

@Suite struct ProbeWatchTests {
    /// Passes everything on, so that `#expect` may call what changes the watch.
    private final class Driver {
        private var watch = ProbeWatch(timeouts: RedisTimeouts(), now: 0)
        var lastSign: Double { watch.lastSign }
        func heard(at now: Double) { watch.heard(at: now) }
        func received(at now: Double) { watch.received(at: now) }
        func published(_ number: Int, at now: Double) { watch.published(number, at: now) }
        func accepted(_ number: Int) { watch.accepted(number) }
        func arrived(_ number: Int, at now: Double) -> Double? { watch.arrived(number, at: now) }
        func verdict(at now: Double) -> String? { watch.verdict(at: now) }
    }

    @Test func `silence is death, and the last byte the last sign`() {
        let watch = Driver()
        watch.heard(at: 3)

        #expect(watch.verdict(at: 7.4) == nil)
        #expect(watch.verdict(at: 7.5)?.contains("nothing heard for 4.5 s") == true)
        #expect(watch.lastSign == 3)
    }

    @Test func `an accepted probe that does not arrive proves deafness`() {
        let watch = Driver()
        watch.published(1, at: 1)
        watch.accepted(1)
        #expect(watch.arrived(1, at: 1.25) == 0.25)
        watch.published(2, at: 3)
        watch.accepted(2)
        watch.heard(at: 5.3)

        #expect(watch.verdict(at: 5.3) == nil)
        #expect(watch.verdict(at: 5.5)?.contains("a probe") == true)
        #expect(watch.lastSign == 1.25)
    }

    @Test func `a probe the server never accepted proves nothing`() {
        let watch = Driver()
        watch.published(1, at: 1)
        watch.heard(at: 9)

        #expect(watch.verdict(at: 9) == nil)
    }

    @Test func `in a flood a probe may wait in line, but not for ever`() {
        let watch = Driver()
        watch.published(1, at: 1)
        watch.accepted(1)

        for second in 2...16 {
            watch.heard(at: Double(second))
            watch.received(at: Double(second))
            #expect(watch.verdict(at: Double(second)) == nil)
        }
        watch.heard(at: 17)
        watch.received(at: 17)
        #expect(watch.verdict(at: 17) != nil)
    }

    @Test func `a later probe that arrives excuses the earlier one`() {
        let watch = Driver()
        for number in 1...2 {
            watch.published(number, at: Double(number))
            watch.accepted(number)
        }

        #expect(watch.arrived(2, at: 2.5) == 0.5)
        #expect(watch.arrived(1, at: 2.6) == nil)
        watch.heard(at: 6)
        #expect(watch.verdict(at: 6) == nil)
    }

    @Test func `unanswered probes are kept up to a bound`() {
        let watch = Driver()
        for number in 1...(ProbeWatch.probesKept + 1) { watch.published(number, at: 1) }

        #expect(watch.arrived(1, at: 2) == nil)
        #expect(watch.arrived(2, at: 2) == 1)
    }
}

@Suite struct GreetingTests {
    private func words(_ login: RedisLogin) -> String {
        let greeting = Greeting(login: login, clientName: "a b\n", requiresMaster: false)
        return String(decoding: greeting.request, as: UTF8.self)
    }

    @Test func `only what is set is said`() {
        #expect(!words(RedisLogin()).contains("AUTH"))
        #expect(!words(RedisLogin()).contains("SELECT"))
        #expect(words(RedisLogin(password: "p")).hasPrefix("*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n"))
        #expect(
            words(RedisLogin(username: "u"))
                .hasPrefix("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$0\r\n\r\n"))
        #expect(words(RedisLogin(database: 12)).contains("SELECT\r\n$2\r\n12\r\n"))
        #expect(words(RedisLogin()).contains("SETNAME\r\n$4\r\na-b-\r\n"))
    }

    @Test func `a user who may not ask gets a link all the same, a loading server does not`() throws
    {
        var shy = Greeting(login: RedisLogin(), clientName: "n", requiresMaster: true)
        let refusal = RESPValue.error("NOPERM this user has no permissions")
        var identity: ServerIdentity?
        for _ in 0..<shy.replyCount { identity = try shy.received(refusal) }
        #expect(identity?.version == "")
        #expect(identity?.transactionRefusal?.hasPrefix("NOPERM") == true)

        var loading = Greeting(login: RedisLogin(), clientName: "n", requiresMaster: false)
        do {
            // A server that reads its data answers all but PING: SETNAME, INFO, ROLE come before it.
            for _ in 0..<3 { _ = try loading.received(.status("OK")) }
            _ = try loading.received(.error("LOADING Redis is loading the dataset in memory"))
            Issue.record("accepted")
        } catch {
            #expect(error.reason.contains("LOADING"))
        }
    }
}
