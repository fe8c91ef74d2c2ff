import Testing

@testable import Gateway

@Suite struct CommandTrackerTests {
    private let restart = CommandSpec.restart(workers: ["celery@a", "celery@b"])
    private let revoke = CommandSpec.revoke(
        RevokeSpec(ids: ["t1"], terminate: false, signal: "SIGTERM"))

    @Test func `a restart is confirmed when every worker shows new processes`() {
        var tracker = CommandTracker(restart)

        _ = tracker.learn(.taken("published", receivers: 2))
        #expect(tracker.state == .sent)
        _ = tracker.learn(.agreed(worker: "celery@a", text: "reload started"))
        #expect(tracker.state == .sent)
        #expect(tracker.silent == ["celery@b"])
        _ = tracker.learn(.effect(worker: "celery@a", text: "new processes 12, 13"))
        _ = tracker.learn(.effect(worker: "celery@b", text: "new processes 22, 23"))

        #expect(tracker.state == .confirmed)
        #expect(tracker.reason == nil)
    }

    @Test func `a refusal by every worker is a rejection with the setting to change`() {
        var tracker = CommandTracker(.restart(workers: ["celery@a"]))
        _ = tracker.learn(.taken("published", receivers: 1))

        _ = tracker.learn(.refused(worker: "celery@a", text: "Pool restarts not enabled"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "Pool restarts not enabled")
        #expect(tracker.fix?.contains("worker_pool_restarts = True") == true)
    }

    @Test func `one refusal among two is partial`() {
        var tracker = CommandTracker(restart)

        _ = tracker.learn(.refused(worker: "celery@a", text: "Pool restarts not enabled"))
        _ = tracker.learn(.effect(worker: "celery@b", text: "new processes"))

        #expect(tracker.state == .partial)
        #expect(tracker.reason == "1 of 2 done")
    }

    @Test func `a worker's answer to revoke proves nothing`() {
        var tracker = CommandTracker(revoke, asked: ["celery@a"])
        _ = tracker.learn(.taken("published", receivers: 1))

        _ = tracker.learn(.agreed(worker: "celery@a", text: "tasks {'t1'} flagged as revoked"))

        #expect(tracker.state == .sent)
    }

    @Test func `a revoke is unknown at the deadline and confirmed by a late event`() {
        var tracker = CommandTracker(revoke)
        _ = tracker.learn(.taken("published", receivers: 1))

        _ = tracker.learn(.deadline(hint: "celery@solo is busy and answers after its task"))
        #expect(tracker.state == .unknown)
        #expect(tracker.reason?.contains("celery@solo is busy") == true)
        _ = tracker.learn(.task(id: "t1", state: "REVOKED", worker: "celery@solo"))

        #expect(tracker.state == .confirmed)
    }

    @Test func `a task that ended first makes the revoke a rejection`() {
        var tracker = CommandTracker(revoke)

        _ = tracker.learn(.task(id: "t1", state: "SUCCESS", worker: "celery@a"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "the task had ended already: SUCCESS")
    }

    @Test func `nobody listening is a failure`() {
        var tracker = CommandTracker(revoke)

        _ = tracker.learn(.taken("published", receivers: 0))

        #expect(tracker.state == .failed)
    }

    @Test func `the same fact twice changes nothing`() {
        var tracker = CommandTracker(restart)
        let fact = CommandTracker.Fact.effect(worker: "celery@a", text: "new processes 12")

        let first = tracker.learn(fact)
        let second = tracker.learn(fact)

        #expect(first)
        #expect(!second)
    }

    @Test(arguments: [CommandLimits.evidence, CommandLimits.evidence + 1])
    func `evidence is bounded and the rest is counted`(count: Int) {
        let workers = (0..<count).map { "celery@\($0)" }
        var tracker = CommandTracker(.shutdown(workers: workers))

        for worker in workers { _ = tracker.learn(.effect(worker: worker, text: "offline")) }

        #expect(tracker.evidence.count == CommandLimits.evidence)
        #expect(tracker.state == .confirmed)
        let last = tracker.evidence.last
        #expect(
            last == (count > CommandLimits.evidence ? "and 2 more" : "celery@\(count - 1): offline")
        )
    }

    @Test func `a final state is not changed by a deadline`() {
        var tracker = CommandTracker(.purge(queue: "mail", messagesMax: nil))
        _ = tracker.learn(.done("3 messages removed"))

        _ = tracker.learn(.deadline(hint: nil))

        #expect(tracker.state == .confirmed)
    }
}
