import Testing
import WireFormats

@testable import Gateway

@Suite struct CommandTrackerTests {
    private let two = ["celery@a", "celery@b"]

    private func tracker(
        _ name: String, _ args: JsonValue, workers: [String] = []
    ) throws -> CommandTracker {
        CommandTracker(
            try CommandSpec(name, args: args, newID: { _ in "t1" }), workers: workers)
    }

    private func restart(_ workers: [String]) throws -> CommandTracker {
        try tracker("worker.restart", ["all": true], workers: workers)
    }

    private func revoke(asked: [String] = []) throws -> CommandTracker {
        try tracker("task.revoke", ["id": "t1"], workers: asked)
    }

    @Test func `a restart is confirmed when every worker shows new processes`() throws {
        var tracker = try restart(two)

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

    @Test func `a refusal by every worker is a rejection with the setting to change`() throws {
        var tracker = try restart(["celery@a"])
        _ = tracker.learn(.taken("published", receivers: 1))

        _ = tracker.learn(.refused(worker: "celery@a", text: "Pool restarts not enabled"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "Pool restarts not enabled")
        #expect(tracker.fix?.contains("worker_pool_restarts = True") == true)
    }

    @Test func `one refusal among two is partial`() throws {
        var tracker = try restart(two)

        _ = tracker.learn(.refused(worker: "celery@a", text: "Pool restarts not enabled"))
        _ = tracker.learn(.effect(worker: "celery@b", text: "new processes"))

        #expect(tracker.state == .partial)
        #expect(tracker.reason == "1 of 2 done")
    }

    @Test func `an ok that proves nothing ends as unknown when nobody else is waited for`() throws {
        var tracker = try tracker("worker.disableEvents", ["all": true], workers: two)
        _ = tracker.learn(.taken("published", receivers: 2))

        _ = tracker.learn(.undecided(worker: "celery@a", text: "already disabled"))
        #expect(tracker.state == .sent && tracker.silent == ["celery@b"])
        var refused = tracker
        _ = refused.learn(.refused(worker: "celery@b", text: "already disabled; -E"))
        _ = tracker.learn(.undecided(worker: "celery@b", text: "already disabled, too"))

        for tracker in [tracker, refused] {
            #expect(tracker.state == .unknown && tracker.reason == "already disabled")
            #expect(tracker.evidence.contains("celery@a: already disabled") && tracker.silent == [])
        }
    }

    @Test func `an ok that proves nothing beside one that does is partial`() throws {
        var tracker = try tracker("worker.disableEvents", ["all": true], workers: two)

        _ = tracker.learn(.undecided(worker: "celery@a", text: "already disabled"))
        _ = tracker.learn(.agreed(worker: "celery@b", text: "task events disabled"))

        #expect(tracker.state == .partial && tracker.reason == "already disabled")
    }

    @Test func `a pause that nobody hears is kept for workers that appear`() throws {
        var tracker = try tracker("queue.pause", ["queue": "mail"], workers: two)

        _ = tracker.learn(.taken("published", receivers: 0))

        #expect(tracker.state == .sent)
        #expect(tracker.evidence.last == "no worker listens now; those that appear will be told")
    }

    @Test func `a pause is proven by every worker that consumed the queue`() throws {
        var tracker = try tracker("queue.pause", ["queue": "mail"], workers: two)
        _ = tracker.learn(.taken("published", receivers: 2))
        for worker in two {
            _ = tracker.learn(.agreed(worker: worker, text: "no longer consuming from mail"))
        }
        #expect(tracker.state == .sent)

        _ = tracker.learn(.effect(worker: two[0], text: "active_queues does not show mail"))
        #expect(tracker.state == .sent)
        _ = tracker.learn(.effect(worker: two[1], text: "active_queues does not show mail"))
        #expect(tracker.state == .confirmed)
    }

    @Test func `a worker's answer to revoke proves nothing`() throws {
        var tracker = try revoke(asked: ["celery@a"])
        _ = tracker.learn(.taken("published", receivers: 1))

        _ = tracker.learn(.agreed(worker: "celery@a", text: "tasks {'t1'} flagged as revoked"))

        #expect(tracker.state == .sent)
    }

    @Test func `a revoke is unknown at the deadline and confirmed by a late event`() throws {
        var tracker = try revoke()
        _ = tracker.learn(.taken("published", receivers: 1))

        _ = tracker.learn(.deadline(hint: "celery@solo is busy and answers after its task"))
        #expect(tracker.state == .unknown)
        #expect(tracker.reason?.contains("celery@solo is busy") == true)
        _ = tracker.learn(.task(id: "t1", state: "REVOKED", worker: "celery@solo"))

        #expect(tracker.state == .confirmed)
    }

    @Test func `a task that ended first makes the revoke a rejection`() throws {
        var tracker = try revoke()

        _ = tracker.learn(.task(id: "t1", state: "SUCCESS", worker: "celery@a"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "the task had ended already: SUCCESS")
    }

    @Test func `a task that ran when the revoke came went on to its end`() throws {
        var tracker = try revoke()
        tracker.running = ["t1"]

        _ = tracker.learn(.task(id: "t1", state: "FAILURE", worker: "celery@a"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "the task went on to its end: FAILURE")
    }

    @Test func `nobody listening is a failure`() throws {
        var tracker = try restart(two)

        _ = tracker.learn(.taken("published", receivers: 0))

        #expect(tracker.state == .failed)
    }

    @Test func `a revoke is kept for workers that appear`() throws {
        var tracker = try revoke()

        _ = tracker.learn(.taken("published", receivers: 0))
        #expect(tracker.state == .sent)
        #expect(tracker.evidence.last?.contains("those that appear will be told") == true)
        _ = tracker.learn(.task(id: "t1", state: "REVOKED", worker: "celery@a"))

        #expect(tracker.state == .confirmed)
    }

    @Test func `the same fact twice changes nothing`() throws {
        var tracker = try restart(two)
        let fact = CommandTracker.Fact.effect(worker: "celery@a", text: "new processes 12")

        let first = tracker.learn(fact)
        let second = tracker.learn(fact)

        #expect(first)
        #expect(!second)
    }

    @Test(arguments: [CommandLimits.evidence, CommandLimits.evidence + 1])
    func `evidence is bounded and the rest is counted`(count: Int) throws {
        let workers = (0..<count).map { "celery@\($0)" }
        var tracker = try tracker("worker.shutdown", ["all": true], workers: workers)

        for worker in workers { _ = tracker.learn(.effect(worker: worker, text: "offline")) }

        #expect(tracker.evidence.count == CommandLimits.evidence)
        #expect(tracker.state == .confirmed)
        let last = tracker.evidence.last
        #expect(
            last == (count > CommandLimits.evidence ? "and 2 more" : "celery@\(count - 1): offline")
        )
    }

    @Test func `a final state is not changed by a deadline`() throws {
        var tracker = try tracker("queue.purge", ["queue": "mail"])
        _ = tracker.learn(.done("3 messages removed"))

        _ = tracker.learn(.deadline(hint: nil))

        #expect(tracker.state == .confirmed)
    }

    @Test func `what could be done in part only is partial for good`() throws {
        var tracker = try tracker("queue.restore", ["trash": "t", "ids": ["a", "b"]])
        _ = tracker.learn(.taken("broker: 1 message put back", receivers: nil))

        _ = tracker.learn(.doneInPart("not in the trash: b", reason: "1 of 2"))
        _ = tracker.learn(.deadline(hint: nil))

        #expect(tracker.state == .partial && tracker.reason == "1 of 2" && !tracker.isOverdue)
        #expect(tracker.evidence == ["broker: 1 message put back", "not in the trash: b"])
    }

    @Test func `a command of an earlier run is proven by its task`() throws {
        let spec = try CommandSpec("task.run", args: ["task": "t"], newID: { _ in "t1" })
        var tracker = CommandTracker(resuming: spec, evidence: ["it was sent"], reason: "restart")
        #expect(tracker.state == .unknown)

        _ = tracker.learn(.task(id: "t1", state: "SUCCESS", worker: "celery@a"))

        #expect(tracker.state == .confirmed)
        #expect(tracker.reason == nil)
        #expect(tracker.evidence == ["it was sent", "task SUCCESS on celery@a"])
    }

    @Test func `a worker that is known to be unable is refused with the setting to change`() throws
    {
        var tracker = try restart(two)

        _ = tracker.learn(.unable(worker: "celery@a", reason: "not enabled", fix: "enable it"))
        #expect(tracker.state == .accepted)
        #expect(tracker.silent == ["celery@b"])
        _ = tracker.learn(.unable(worker: "celery@b", reason: "not enabled", fix: "enable it"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "not enabled")
        #expect(tracker.fix == "enable it")
    }

    @Test func `of many tasks each has its outcome, and the evidence counts them`() throws {
        var spec = try CommandSpec("task.revoke", args: ["plan": "p"], newID: { "\($0)" })
        let ids = (0..<100).map { "t\($0)" }
        spec.action = .revoke(
            RevokeSpec(ids: ids, terminate: false, signal: "SIGTERM", isPlanned: true))
        var tracker = CommandTracker(spec, workers: ["a@h"])

        _ = tracker.learn(.skipped(id: "t0", reason: "the task had ended already: SUCCESS"))
        _ = tracker.learn(.taken("sent", receivers: 1))
        for id in ids.dropFirst(2) {
            _ = tracker.learn(.task(id: id, state: "REVOKED", worker: nil))
        }

        #expect(tracker.counts == CommandTracker.Counts(total: 100, done: 98, refused: 1))
        #expect(tracker.outcome(of: "t0").state == "refused")
        #expect(tracker.outcome(of: "t1").state == "open")
        #expect(tracker.outcome(of: "t2").state == "done")
        #expect(tracker.state == .sent && tracker.evidence == ["sent"])

        _ = tracker.learn(.deadline(hint: nil))

        #expect(tracker.state == .partial && tracker.outcome(of: "t1").state == "unknown")
        #expect(
            tracker.evidence.last
                == "98 of 100 tasks done; 1: the task had ended already: SUCCESS; 1 without proof")

        _ = tracker.learn(.task(id: "t1", state: "REVOKED", worker: "a@h"))
        #expect(tracker.outcome(of: "t1").state == "done" && tracker.counts?.done == 99)
    }
}

@Suite struct RevokeTrackerTests {
    private func tracker(_ ids: [String], asked: [String] = []) throws -> CommandTracker {
        let args: JsonValue = ["ids": .array(ids.map(JsonValue.string))]
        return CommandTracker(
            try CommandSpec("task.revoke", args: args, newID: { _ in "t" }), workers: asked)
    }

    @Test func `REVOKED in the backend proves nothing alone`() throws {
        var tracker = try tracker(["t1"])
        _ = tracker.learn(.taken("published", receivers: 2))

        _ = tracker.learn(.recorded(id: "t1", state: "REVOKED"))
        #expect(tracker.state == .sent && tracker.recordedOnly == ["t1"])

        _ = tracker.learn(.flagged(id: "t1", text: "no worker has it"))
        #expect(tracker.state == .confirmed)
        #expect(
            tracker.evidence == [
                "published", "task t1: REVOKED in the result backend", "task t1: no worker has it",
            ])
    }

    @Test func `that no worker has a task proves nothing alone`() throws {
        var tracker = try tracker(["t1"])

        _ = tracker.learn(.flagged(id: "t1", text: "no worker has it"))

        #expect(tracker.state == .accepted)
    }

    @Test func `a task that a worker holds is told at the deadline, and its end corrects the row`()
        throws
    {
        var tracker = try tracker(["t1"])
        _ = tracker.learn(.recorded(id: "t1", state: "REVOKED"))
        _ = tracker.learn(.held(id: "t1", worker: "a@h", how: "runs it"))
        #expect(tracker.heldText == "a@h runs it")

        _ = tracker.learn(.deadline(hint: tracker.heldText))
        #expect(tracker.state == .unknown)
        _ = tracker.learn(.recorded(id: "t1", state: "SUCCESS"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "the task went on to its end: SUCCESS")
        #expect(tracker.heldText == nil)
    }

    @Test func `a proof without a worker's word is taken back when the task starts`() throws {
        var tracker = try tracker(["t1"])
        _ = tracker.learn(.recorded(id: "t1", state: "REVOKED"))
        _ = tracker.learn(.flagged(id: "t1", text: "no worker has it"))
        #expect(tracker.state == .confirmed)

        _ = tracker.learn(.task(id: "t1", state: "STARTED", worker: "new@h"))
        #expect(tracker.state == .unknown)
        #expect(tracker.reason == "a task has started after all: t1 on new@h")
        _ = tracker.learn(.task(id: "t1", state: "SUCCESS", worker: "new@h"))

        #expect(tracker.state == .rejected)
        #expect(tracker.reason == "the task went on to its end: SUCCESS")
    }

    @Test func `a worker's word is only taken back by a success`() throws {
        var tracker = try tracker(["t1"])
        _ = tracker.learn(.task(id: "t1", state: "REVOKED", worker: "a@h"))

        for state in ["STARTED", "FAILURE", "RETRY"] {
            _ = tracker.learn(.task(id: "t1", state: state, worker: "a@h"))
            #expect(tracker.state == .confirmed)
        }
        _ = tracker.learn(.recorded(id: "t1", state: "SUCCESS"))

        #expect(tracker.state == .rejected)
    }

    @Test func `of two tasks one that ran makes it partial`() throws {
        var tracker = try tracker(["t1", "t2"])
        for id in ["t1", "t2"] { _ = tracker.learn(.recorded(id: id, state: "REVOKED")) }
        for id in ["t1", "t2"] { _ = tracker.learn(.flagged(id: id, text: "no worker has it")) }
        #expect(tracker.state == .confirmed)

        _ = tracker.learn(.recorded(id: "t2", state: "FAILURE"))

        #expect(tracker.state == .partial && tracker.reason == "1 of 2 done")
        #expect(tracker.outcome(of: "t1").state == "done")
        #expect(tracker.outcome(of: "t2").state == "refused")
    }

    @Test func `a resumed command for tasks that are not all known is never wholly confirmed`()
        throws
    {
        let spec = try CommandSpec("task.revoke", args: ["ids": ["t1"]], newID: { _ in "t" })
        var tracker = CommandTracker(resuming: spec, evidence: [], reason: nil, count: 3)

        _ = tracker.learn(.task(id: "t1", state: "REVOKED", worker: "a@h"))

        #expect(tracker.state == .partial && tracker.reason == "1 of 3 done")
    }
}
