import EventLoop
import Fleet
import Synchronization
import Testing

@testable import Gateway

/// What a server's access rules forbid is remembered until it is allowed, and not for ever.
@Suite struct RefusalWatchTests {
    private final class Time: Sendable {
        let now = Mutex(0.0)
    }

    private let time = Time()

    init() { EventLoop.shared.startThread() }

    @LoopActor private func watch() -> RefusalWatch {
        RefusalWatch(clock: GatewayClock { [time] in time.now.withLock { $0 } })
    }

    @Test @LoopActor func `a refusal names the command that the server names`() {
        let watch = watch()
        watch.note("BRPOP", error: "NOPERM User gate has no permissions to run the 'brpop' command")
        watch.note("EVAL", error: "ACL failure in script: … to run the 'lpush' command")
        watch.note("LLEN", error: "NOPERM No permissions to access a key")
        watch.note("GET", error: "ERR something else")

        #expect(watch.facts(server: "broker")?.commands == ["BRPOP", "LLEN", "LPUSH"])
    }

    @Test @LoopActor func `what is allowed again, or was not tried for long, is forgotten`() {
        let watch = watch()
        watch.note("LLEN", error: "NOPERM")
        watch.note("GET", error: "NOPERM")
        watch.note("LLEN", error: nil)
        #expect(watch.facts(server: "broker")?.commands == ["GET"])

        time.now.withLock { $0 = RefusalWatch.keptSeconds - 1 }
        #expect(watch.facts(server: "broker") != nil)
        time.now.withLock { $0 = RefusalWatch.keptSeconds }
        #expect(watch.facts(server: "broker") == nil)
    }

    @Test @LoopActor func `only so many are remembered, and a name is only a name`() {
        let watch = watch()
        for number in 0...RefusalWatch.limit { watch.note("C\(number)", error: "NOPERM") }
        #expect(watch.facts(server: "broker")?.commands.count == RefusalWatch.limit)
        watch.forget()

        watch.note("GET", error: "NOPERM … to run the 'x;y' command")

        #expect(watch.facts(server: "broker")?.commands == ["GET"])
    }
}
