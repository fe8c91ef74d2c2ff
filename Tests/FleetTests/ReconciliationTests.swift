import Fleet
import Testing

/// After a gap: stale until confirmed, lost only with evidence.
@Suite struct ReconciliationTests {
    private func running() -> FleetState {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.worker(.online, at: 0), Make.worker(.online, at: 0, on: "w2@host"),
            Make.task(.received, at: 1), Make.task(.started, at: 2),
        ])
        return state
    }

    private func round(
        _ start: Double, _ answered: Set<String> = ["w1@host", "w2@host"], ids: Set<String> = ["u1"]
    ) -> Reconciliation {
        Reconciliation(startedAt: start, answered: answered, withoutResult: ids)
    }

    @Test func `a gap makes what is open stale, and a worker's answer confirms it`() throws {
        var state = running()
        state.apply(Make.task(.succeeded, "done", at: 3), receivedAt: 3)
        _ = state.takeChanges()
        let gap = state.openGap(from: 3, reason: "the broker went away", now: 5)
        #expect(state.task("u1")?.stale == true)
        #expect(state.task("done")?.stale == false)
        #expect(
            state.task("u1")?.reason
                == "Not confirmed since events may have been lost: the broker went away.")
        #expect(state.takeChanges().gaps == [gap])

        state.closeGap(gap, at: 8, lost: nil)
        var info = TaskInfo(id: "u1")
        info.timeStart = 2
        state.apply(.active([info]), from: "w1@host", receivedAt: 10)
        state.reconcile(round(9), now: 11)

        #expect(state.task("u1")?.state == .started)
        #expect(state.task("u1")?.stale == false)
        #expect(state.task("u1")?.started == 2)
        #expect(state.task("u1")?.attempts.count == 1)
        #expect(state.gaps.first?.reconciledAt == 11)
        #expect(state.gaps.first?.to == 8)
    }

    @Test func `a task whose worker did not answer is not lost`() {
        var state = running()
        state.apply(Make.worker(.heartbeat, at: 98), receivedAt: 98)
        state.reconcile(round(99, ["w2@host"]), now: 100)

        #expect(state.task("u1")?.state == .started)
    }

    /// Without remote control nobody can be asked what runs; heartbeats count it.
    @Test(arguments: [
        ([0, 0], TaskState.lost), ([0], .started), ([0, 1], .started), ([1, 0, 0], .lost),
        ([0, 1, 0], .started),
    ])
    func `heartbeats that say nothing runs are evidence where no answer comes`(
        active: [Int], expected: TaskState
    ) {
        var state = running()
        state.noteSilence(of: ["w1@host"], now: 3)
        state.noteSilence(of: ["w1@host"], now: 4)
        for (number, count) in active.enumerated() {
            let time = 90 + Double(number) * 2
            state.apply(
                Make.worker(.heartbeat, at: time, active: count), receivedAt: time)
        }
        state.advance(now: 99)

        state.reconcile(round(99, ["w2@host"]), now: 100)

        #expect(state.task("u1")?.state == expected)
    }

    @Test func `a task whose result was not asked for is not lost`() {
        var state = running()
        state.reconcile(round(99, ids: []), now: 100)

        #expect(state.task("u1")?.state == .started)
    }

    @Test func `a task that moved after the first question is not lost`() {
        var state = running()
        state.apply(Make.task(.custom("progress"), at: 99.5), receivedAt: 99.5)
        state.reconcile(round(99), now: 100)

        #expect(state.task("u1")?.state == .custom("PROGRESS"))
    }

    @Test(arguments: ["STARTED", "PROGRESS"])
    func `an unfinished result that still lies there is no sign of life`(status: String) throws {
        var state = running()
        var result = TaskResult(id: "u1", status: status)
        result.progress = status == "PROGRESS" ? "{\"current\": 1}" : nil
        state.apply(results: [result], now: 98.5)
        #expect(state.doubtfulTasks(untouchedSince: 99, limit: 9) == ["u1"])
        // The same again, as a round reads it.
        state.apply(results: [result], now: 99.5)
        state.reconcile(round(99), now: 100)
        #expect(state.task("u1")?.state == .lost)

        result.progress = "{\"current\": 2}"
        result.status = "PROGRESS"
        state.apply(results: [result], now: 101)
        #expect(state.task("u1")?.state == .custom("PROGRESS"))
    }

    @Test func `doubtful are tasks of which nothing was heard since a time`() {
        var state = FleetState(startedAt: 0)
        for id in ["old", "named", "moved"] {
            state.apply(Make.task(.received, id, at: 1), receivedAt: 1)
        }
        for (queue, depth) in [("empty", 0), ("full", 3), ("unread", nil)] {
            state.apply(
                Make.task(.sent, "in \(queue)", at: 1, on: "gen@c") { $0.queue = queue },
                receivedAt: 1)
            guard let depth else { continue }
            state.apply(depths: [QueueDepth(name: queue, steps: [depth, 0, 0, 0])], now: 2)
        }
        state.apply(.reserved([TaskInfo(id: "named")]), from: "w1@host", receivedAt: 10)
        state.apply(Make.task(.started, "moved", at: 11), receivedAt: 11)

        #expect(state.doubtfulTasks(untouchedSince: 10, limit: 10) == ["old", "in empty"])
        #expect(state.doubtfulTasks(untouchedSince: 10, limit: 1) == ["old"])
        #expect(
            state.doubtfulTasks(untouchedSince: 10, skipping: 1, limit: 10) == ["in empty"])
        #expect(state.doubtfulTasks(untouchedSince: 10, skipping: 2, limit: 10).isEmpty)
        #expect(state.doubtfulTasks(untouchedSince: 1, limit: 10).isEmpty)
        #expect(state.doubtfulTasks(untouchedSince: 12, limit: 10).count == 4)
    }

    @Test func `a task of a worker that has left is lost, with the evidence`() throws {
        var state = running()
        state.apply(Make.worker(.offline, at: 3), receivedAt: 3)
        state.advance(now: 10)
        state.advance(now: 700)
        #expect(state.worker("w1@host") == nil)
        state.reconcile(round(699, ["w2@host"]), now: 700)

        let task = try #require(state.task("u1"))
        #expect(task.state == .lost)
        #expect(
            task.reason
                == "Its worker w1@host is gone and the result backend knows nothing of it; last seen STARTED."
        )
        #expect(state.openTasks(limit: 10).isEmpty)
    }

    @Test func `an event or a result brings a lost task back`() {
        var state = running()
        state.reconcile(round(99), now: 100)
        #expect(state.task("u1")?.state == .lost)
        state.apply(Make.task(.succeeded, at: 101), receivedAt: 101)
        #expect(state.task("u1")?.state == .success)

        var other = running()
        other.reconcile(round(99), now: 100)
        other.apply(results: [TaskResult(id: "u1", status: "FAILURE")], now: 101)
        #expect(other.task("u1")?.state == .failure)
        #expect(recountDifferences(other).isEmpty)
    }

    @Test func `a task that waits for a rate limit is in no list and not lost`() {
        var state = FleetState(startedAt: 0)
        state.feed([Make.worker(.online, at: 0), Make.task(.received, at: 1)])
        state.apply(
            .registered([RegisteredTask(name: "t.add", rateLimit: "1/m")]), from: "w1@host",
            receivedAt: 2)
        state.reconcile(round(99, ["w1@host"]), now: 100)

        #expect(state.task("u1")?.state == .received)
        #expect(state.worker("w1@host")?.rateLimits == ["t.add 1/m"])
    }

    @Test func `a rate limit excuses no task whose process is gone`() throws {
        var state = FleetState(startedAt: 0)
        state.feed([Make.worker(.online, at: 0), Make.task(.received, at: 1)])
        state.apply(
            .registered([RegisteredTask(name: "t.add", rateLimit: "1/m")]), from: "w1@host",
            receivedAt: 2)
        // Another process has come in its place; the old one may only be slow.
        state.apply(Make.worker(.online, at: 3, pid: 11), receivedAt: 3)
        state.apply(Make.worker(.heartbeat, at: 20, pid: 11), receivedAt: 20)
        state.advance(now: 20)
        state.reconcile(round(19, ["w1@host"]), now: 20)
        #expect(state.task("u1")?.state == .received)

        state.apply(Make.worker(.heartbeat, at: 90, pid: 11), receivedAt: 90)
        state.advance(now: 91)
        state.reconcile(round(91, ["w1@host"]), now: 92)
        let task = try #require(state.task("u1"))
        #expect(task.state == .lost)
        #expect(
            task.reason?.hasPrefix("The process 10 of w1@host that received it is gone") == true)
    }

    @Test func `a task that was sent is lost only when its queue is known to be empty`() {
        var state = FleetState(startedAt: 0)
        state.feed([Make.worker(.online, at: 0), Make.task(.sent, at: 1, on: "gen@c")])
        state.reconcile(round(99, ["w1@host"]), now: 100)
        #expect(state.task("u1")?.state == .pending)

        state.apply(
            depths: [QueueDepth(name: "celery", steps: [0, 0, 0, 0], unacked: 1)], now: 101)
        state.reconcile(round(101, ["w1@host"]), now: 102)
        #expect(state.task("u1")?.state == .pending)

        state.apply(
            depths: [QueueDepth(name: "celery", steps: [0, 0, 0, 0], unacked: 0)], now: 103)
        state.reconcile(round(103, ["w1@host"]), now: 104)
        #expect(state.task("u1")?.state == .lost)
    }

    @Test func `tasks that were there before us are known from answers alone`() throws {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.online, at: 10), receivedAt: 10)
        var info = TaskInfo(id: "old")
        info.name = "t.slow"
        info.args = "[8]"
        info.timeStart = 4
        info.exchange = ""
        info.routingKey = "mail"
        info.priority = 3
        info.workerPID = 22_044
        state.apply(.active([info]), from: "w1@host", receivedAt: 11)
        var held = TaskInfo(id: "held")
        held.redelivered = true
        state.apply(
            .scheduled([ScheduledTask(eta: "2030-01-01T00:00:00+00:00", priority: 6, request: held)]
            ),
            from: "w1@host", receivedAt: 11)

        let task = try #require(state.task("old"))
        #expect(task.state == .started)
        #expect(task.started == 4)
        #expect(task.queue == "mail")
        #expect(task.exchange == "")
        #expect(task.priority == 3)
        #expect(task.pid == 22_044)
        #expect(state.worker("w1@host")?.scheduled == 1)
        #expect(state.task("held")?.eta == "2030-01-01T00:00:00+00:00")
        #expect(state.task("held")?.redelivered == 1)

        // The real events replace what was deduced.
        state.feed([Make.task(.started, "held", at: 20), Make.task(.succeeded, "old", at: 21)])
        #expect(state.task("held")?.attempts.count == 1)
        #expect(state.task("held")?.started == 20)
        #expect(state.task("old")?.state == .success)
        // An answer that was under way when the task ended changes nothing.
        let before = state.task("old")
        state.apply(.active([info]), from: "w1@host", receivedAt: 22)
        #expect(state.task("old") == before)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `results tell what events did not`() throws {
        var state = FleetState(startedAt: 0)
        var success = TaskResult(id: "quiet", status: "SUCCESS")
        success.text = "3"
        success.dateDone = 50
        state.apply(results: [success], now: 51)
        #expect(state.task("quiet")?.state == .success)
        #expect(state.task("quiet")?.result == "3")
        #expect(state.task("quiet")?.finished == 50)
        #expect(state.summary(now: 51).throughput == 1)

        // `revoke` writes REVOKED for any text, so an unknown id makes no record.
        state.apply(results: [TaskResult(id: "typo", status: "REVOKED")], now: 52)
        #expect(state.task("typo") == nil)

        state.feed([Make.task(.received, at: 60)])
        state.apply(results: [TaskResult(id: "u1", status: "REVOKED")], now: 61)
        #expect(state.task("u1")?.state == .revoked)
        #expect(
            state.task("u1")?.reason
                == "The result backend says so; no worker has confirmed it.")
        // But a task that runs goes on running.
        state.feed([Make.task(.started, at: 62)])
        #expect(state.task("u1")?.state == .started)

        var progress = TaskResult(id: "u1", status: "PROGRESS")
        progress.progress = "{\"done\": 1}"
        state.apply(results: [progress], now: 63)
        #expect(state.task("u1")?.state == .custom("PROGRESS"))
        #expect(state.task("u1")?.progress == "{\"done\": 1}")
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `the result of a former run is not taken for the result of this one`() {
        var state = FleetState(startedAt: 0)
        state.feed([Make.task(.received, at: 100), Make.task(.started, at: 101)])
        var result = TaskResult(id: "u1", status: "SUCCESS")
        result.dateDone = 50
        state.apply(results: [result], now: 102)

        #expect(state.task("u1")?.state == .started)
    }

    @Test func `a value that cannot be read says that its task is not lost`() {
        var state = running()
        var packed = TaskResult(id: "u1", status: "")
        packed.text = "<compressed, 312 bytes>"
        state.apply(results: [packed, TaskResult(id: "typo", status: "")], now: 99.5)
        state.reconcile(round(99, ids: []), now: 100)
        #expect(state.task("u1")?.state == .started)
        #expect(
            state.task("u1")?.reason
                == "The result backend has a value of it whose state cannot be read: <compressed, 312 bytes>."
        )
        #expect(state.task("typo") == nil)

        // A task that was called lost is not, and an end is an end.
        var other = running()
        other.reconcile(round(99), now: 100)
        #expect(other.task("u1")?.state == .lost)
        other.apply(results: [packed], now: 101)
        #expect(other.task("u1")?.state == .started)
        other.apply(Make.task(.succeeded, at: 102) { $0.result = nil }, receivedAt: 102)
        #expect(other.task("u1")?.state == .success)
        #expect(other.task("u1")?.result == "<compressed, 312 bytes>")
        #expect(recountDifferences(other).isEmpty)
    }

    @Test func `what waits as it should is confirmed by a round`() throws {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.worker(.online, at: 0), Make.worker(.online, at: 0, on: "w2@host"),
            Make.task(.sent, "waits", at: 1, on: "gen@c"), Make.task(.received, "limited", at: 1),
        ])
        state.apply(
            .registered([RegisteredTask(name: "t.add", rateLimit: "1/m")]), from: "w1@host",
            receivedAt: 2)
        let gap = state.openGap(from: 3, reason: "r", now: 3)
        state.closeGap(gap, at: 5, lost: nil)
        state.apply(Make.worker(.heartbeat, at: 8), receivedAt: 8)
        state.apply(Make.worker(.heartbeat, at: 8, on: "w2@host"), receivedAt: 8)
        let ids: Set = ["waits", "limited"]
        func stale() -> [String] { ids.filter { state.task($0)?.stale == true }.sorted() }
        #expect(state.doubtfulTasks(untouchedSince: 9, limit: 9).sorted() == ids.sorted())

        // Half a round confirms nothing: the depths are old, and one worker was silent.
        state.reconcile(round(9, ["w2@host"], ids: ids), now: 10)
        #expect(stale() == ["limited", "waits"])
        state.apply(depths: [QueueDepth(name: "celery", steps: [1, 0, 0, 0], unacked: 1)], now: 11)
        state.reconcile(round(11, ["w2@host"], ids: ids), now: 12)
        #expect(stale() == ["limited", "waits"])
        // The silent one does not consume that queue.
        state.apply(.activeQueues([ConsumedQueue(name: "other")]), from: "w1@host", receivedAt: 12)
        state.reconcile(round(11, ["w2@host"], ids: ids), now: 12)
        #expect(stale() == ["limited"])
        state.reconcile(round(11, ids: ids), now: 13)

        #expect(stale().isEmpty)
        #expect(state.task("waits")?.state == .pending)
        #expect(state.task("limited")?.state == .received)
        #expect(state.worker("w1@host")?.stale == false)
    }

    @Test func `a gap is not reconciled while results could not be read`() {
        var state = running()
        let gap = state.openGap(from: 3, reason: "r", now: 3)
        state.closeGap(gap, at: 5, lost: nil)
        var half = round(6, ids: [])
        half.isWhole = false
        state.reconcile(half, now: 7)
        #expect(state.gaps.first?.reconciledAt == nil)
        #expect(state.findings(now: 7).contains { $0.rule == "gap-unreconciled" })

        state.reconcile(round(8), now: 9)
        #expect(state.gaps.first?.reconciledAt == 9)
    }

    @Test func `held tasks that their worker knows to be revoked are marked`() throws {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.worker(.online, at: 0),
            Make.task(.received, "held", at: 1) { $0.eta = "2030-01-01T00:00:00+00:00" },
            Make.task(.received, "next", at: 1), Make.task(.received, "runs", at: 1),
            Make.task(.started, "runs", at: 2), Make.task(.sent, "waits", at: 1, on: "gen@c"),
        ])
        _ = state.takeChanges()
        state.apply(
            .revoked(["held", "next", "runs", "waits", "typo"]), from: "w1@host", receivedAt: 3)

        #expect(state.takeChanges().tasks.count == 4)
        #expect(
            state.task("held")?.reason
                == "Revoked, waiting for its time: its worker drops it then.")
        #expect(
            state.task("next")?.reason == "Revoked: its worker drops it when its turn comes.")
        #expect(state.task("waits")?.reason == "Revoked: the worker that takes it drops it.")
        // It was revoked too late: it runs.
        #expect(state.task("runs")?.reason == nil)
        #expect(state.task("typo") == nil)
        state.apply(results: [TaskResult(id: "held", status: "REVOKED")], now: 4)
        #expect(
            state.task("held")?.reason
                == "Revoked, as its worker confirms; it is dropped when its time comes.")

        // A worker that has restarted knows it no more.
        state.apply(.revoked([]), from: "w1@host", receivedAt: 5)
        #expect(state.task("next")?.reason == nil)
    }

    @Test func `only so many revoked ids are taken`() {
        var limits = FleetLimits()
        limits.revokedIDs = 2
        for (count, isMarked) in [(2, true), (3, false)] {
            var state = FleetState(limits: limits, startedAt: 0)
            state.apply(Make.task(.received, at: 1), receivedAt: 1)
            let ids = (1..<count).map { "other\($0)" } + ["u1"]
            state.apply(.revoked(ids), from: "w1@host", receivedAt: 2)
            #expect((state.task("u1")?.reason != nil) == isMarked)
        }
    }

    @Test func `only so many gaps are remembered`() {
        var limits = FleetLimits()
        limits.gaps = 3
        var state = FleetState(limits: limits, startedAt: 0)
        for number in 1...4 {
            let id = state.openGap(from: Double(number), reason: "r", now: Double(number))
            state.closeGap(id, at: Double(number), lost: number)
        }

        #expect(state.gaps.map(\.id) == [2, 3, 4])
        #expect(state.gaps.map(\.lost) == [2, 3, 4])
    }
}
