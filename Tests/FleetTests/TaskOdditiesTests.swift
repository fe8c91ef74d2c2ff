import Fleet
import Testing

/// What Celery really sends, as measured: repeated, missing and overtaking events.
@Suite struct TaskOdditiesTests {
    private func state(_ events: [CeleryEvent]) -> FleetState {
        var state = FleetState(startedAt: 0)
        state.feed(events)
        #expect(recountDifferences(state).isEmpty)
        return state
    }

    @Test func `an expired task is revoked and has no name`() throws {
        let task = try #require(
            state([Make.task(.revoked, at: 5) { $0.expired = true }]).task("u1"))

        #expect(task.state == .revoked)
        #expect(task.name == nil)
        #expect(task.finished == 5)
        #expect(task.reason == "It expired before it could start.")
    }

    @Test func `an unregistered task takes its name from the exception`() throws {
        let task = try #require(
            state([
                Make.task(.failed, at: 5) {
                    $0.exception = "NotRegistered('no.such.task')"
                    $0.traceback = nil
                }
            ]).task("u1"))

        #expect(task.state == .failure)
        #expect(task.name == "no.such.task")
        #expect(task.traceback == nil)
    }

    @Test func `a replaced task shows its second run, and the first as superseded`() throws {
        let task = try #require(
            state([
                Make.task(.received, at: 1), Make.task(.started, at: 2),
                Make.task(.received, at: 3), Make.task(.started, at: 4),
                Make.task(.succeeded, at: 5),
            ]).task("u1"))

        #expect(task.state == .success)
        #expect(task.started == 4)
        #expect(task.redelivered == 1)
        #expect(task.attempts.map(\.state) == [.started, .success])
        #expect(task.attempts.map(\.superseded) == [true, false])
        #expect(task.attempts.map(\.occurrence) == [0, 1])
    }

    @Test func `a task that raised Ignore stays STARTED until a round of questions calls it lost`()
        throws
    {
        var state = state([
            Make.worker(.online, at: 0), Make.task(.received, at: 1), Make.task(.started, at: 2),
        ])
        #expect(state.task("u1")?.state == .started)

        state.apply(.active([]), from: "w1@host", receivedAt: 100)
        state.reconcile(
            Reconciliation(startedAt: 99, answered: ["w1@host"], withoutResult: ["u1"]), now: 101)

        let task = try #require(state.task("u1"))
        #expect(task.state == .lost)
        #expect(task.reason?.contains("w1@host does not have it any more") == true)
        #expect(task.reason?.contains("last seen STARTED") == true)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `a hard time limit that fails twice counts once`() throws {
        let state = state([
            Make.task(.received, at: 1), Make.task(.started, at: 2),
            Make.task(.failed, at: 3) { $0.exception = "ExceptionWithTraceback()" },
            Make.task(.failed, at: 3.1) { $0.exception = "ExceptionWithTraceback()" },
        ])

        #expect(state.task("u1")?.state == .failure)
        #expect(state.task("u1")?.finished == 3)
        #expect(state.task("u1")?.attempts.count == 1)
        #expect(state.totals.first { $0.state == "FAILURE" }?.count == 1)
    }

    @Test func `the result backend tells which exception a time limit was`() throws {
        var state = state([
            Make.task(.received, at: 1), Make.task(.started, at: 2),
            Make.task(.failed, at: 3) { $0.exception = "ExceptionWithTraceback()" },
        ])
        var result = TaskResult(id: "u1", status: "FAILURE")
        result.text = "TimeLimitExceeded(1)"
        result.dateDone = 3
        state.apply(results: [result], now: 4)

        #expect(state.task("u1")?.exception == "TimeLimitExceeded(1)")
    }

    @Test func `Reject without requeue is a failure`() throws {
        let task = try #require(
            state([
                Make.task(.received, at: 1), Make.task(.started, at: 2),
                Make.task(.failed, at: 3), Make.task(.rejected, at: 4) { $0.requeue = false },
            ]).task("u1"))

        #expect(task.state == .failure)
        #expect(task.attempts.count == 1)
    }

    /// A thread puts the task back, and another one starts it, before the first one tells.
    @Test func `a delivery may start before the one that put it back ends`() throws {
        let task = try #require(
            state([
                Make.task(.received, at: 1), Make.task(.started, at: 1.001),
                Make.task(.received, at: 1.003), Make.task(.started, at: 1.004),
                Make.task(.rejected, at: 1.005) { $0.requeue = true },
                Make.task(.succeeded, at: 1.006) { $0.result = "'second time'" },
            ]).task("u1"))

        #expect(task.state == .success)
        #expect(task.result == "'second time'")
        #expect(task.redelivered == 1)
        #expect(task.attempts.map(\.state) == [.rejected, .success])
    }

    /// The first delivery's worker was killed: what the second one tells is its own.
    @Test func `a put back long after the second start ends the second delivery`() throws {
        let task = try #require(
            state([
                Make.task(.received, at: 1), Make.task(.started, at: 1.001),
                Make.task(.received, at: 10), Make.task(.started, at: 10.001),
                Make.task(.rejected, at: 20) { $0.requeue = true },
            ]).task("u1"))

        #expect(task.state == .rejected)
        #expect(task.redelivered == 1)
    }

    @Test func `a storm of rejects keeps a bounded record with true counts`() throws {
        var events: [CeleryEvent] = []
        for round in 0..<207 {
            let time = 100 + Double(round) * 0.006
            events.append(Make.task(.received, at: time))
            events.append(Make.task(.started, at: time + 0.001))
            events.append(Make.task(.rejected, at: time + 0.002) { $0.requeue = true })
        }
        var state = state(events)

        let task = try #require(state.task("u1"))
        #expect(task.state == .rejected)
        #expect(task.redelivered == 206)
        #expect(task.attempts.count <= 64)
        #expect(state.totals.first { $0.state == "STARTED" }?.count == 207)
        #expect(state.totals.first { $0.state == "REJECTED" }?.count == 207)
        state.advance(now: 102)
        let finding = try #require(state.findings(now: 102).first { $0.rule == "delivery-storm" })
        #expect(finding.subject == "task u1")
        // An old event of the storm comes again: it is known.
        state.apply(events[0], receivedAt: 103)
        #expect(state.task("u1") == task)
    }

    @Test(arguments: [19, 20]) func `a task that was delivered again too often is found`(times: Int)
    {
        let state = state((0...times).map { Make.task(.received, at: 10 + Double($0)) })
        let found = state.findings(now: 40).first { $0.rule == "delivery-storm" }

        let words = "t.add was delivered again 20 times without an end."
        #expect(found?.detail == (times < 20 ? nil : words))
        #expect(state.task("u1")?.redelivered == times)
    }

    @Test(arguments: [63, 64, 65])
    func `a task keeps at most as many facts as it may`(count: Int) throws {
        let events = (0..<count).map { Make.task(.received, at: 10 + Double($0)) }
        let task = try #require(state(events).task("u1"))

        #expect(task.attempts.count == (count <= 64 ? count : 33))
        #expect(task.redelivered == count - 1)
    }

    @Test func `the next attempt is received before the retried event`() throws {
        let events = [
            Make.task(.received, at: 1), Make.task(.started, at: 2),
            Make.task(.received, at: 3) {
                $0.retries = 1
                $0.eta = "2030-01-01T00:00:00+00:00"
                $0.parentID = "u1"
            },
            Make.task(.retried, at: 3.1), Make.task(.started, at: 6), Make.task(.succeeded, at: 7),
        ]
        let between = try #require(state(Array(events.prefix(4))).task("u1"))
        let done = try #require(state(events).task("u1"))

        #expect(between.state == .received)
        #expect(between.retries == 1)
        #expect(between.reason == "Held by its worker until its eta.")
        #expect(done.state == .success)
        #expect(done.attempts.map(\.state) == [.retry, .success])
        #expect(done.attempts.map(\.retries) == [0, 1])
        #expect(done.parentID == nil)
        #expect(done.redelivered == 0)
    }

    @Test func `a retry whose next attempt is not seen yet is RETRY`() throws {
        let state = state([
            Make.task(.received, at: 1), Make.task(.started, at: 2), Make.task(.retried, at: 3),
        ])

        #expect(state.task("u1")?.state == .retry)
        #expect(state.task("u1")?.exception == "E()")
        #expect(state.totals.first { $0.state == "RETRY" }?.count == 1)
    }

    @Test func `a success after a terminate stays REVOKED`() throws {
        let task = try #require(
            state([
                Make.task(.received, at: 1), Make.task(.started, at: 2),
                Make.task(.revoked, at: 3) {
                    $0.terminated = true
                    $0.signum = "15"
                },
                Make.task(.succeeded, at: 4),
            ]).task("u1"))

        #expect(task.state == .revoked)
        #expect(task.terminated)
        #expect(task.reason == "Terminated while it ran (signal 15).")
    }

    @Test
    func `the revoke of a waiting task is told by the backend first, by its worker much later`()
        throws
    {
        var state = state([Make.task(.received, at: 1) { $0.eta = "2001-01-01T00:00:00Z" }])
        state.apply(results: [TaskResult(id: "u1", status: "REVOKED")], now: 2)
        let told = try #require(state.task("u1"))
        state.apply(Make.task(.revoked, at: 600), receivedAt: 600)
        let confirmed = try #require(state.task("u1"))

        #expect(told.state == .revoked)
        #expect(told.reason == "The result backend says so; no worker has confirmed it.")
        #expect(confirmed.state == .revoked)
        #expect(confirmed.reason == nil)
        #expect(confirmed.finished == 600)
    }

    @Test func `a solo worker tells a whole run at its end, with the true times`() throws {
        var state = FleetState(startedAt: 0)
        state.apply(
            [
                Make.task(.received, at: 10), Make.task(.started, at: 10.5),
                Make.task(.succeeded, at: 14.5),
            ], receivedAt: 14.6)
        let task = try #require(state.task("u1"))

        #expect(task.state == .success)
        #expect(task.received == 10)
        #expect(task.wait == 0.5)
        #expect(task.finished == 14.5)
        #expect(task.seen == 14.6)
    }

    @Test func `a late retried event does not undo a success`() throws {
        let state = state([
            Make.task(.received, at: 1), Make.task(.started, at: 1.5),
            Make.task(.received, at: 2) { $0.retries = 1 }, Make.task(.started, at: 3),
            Make.task(.succeeded, at: 4), Make.task(.retried, at: 2.1),
        ])

        #expect(state.task("u1")?.state == .success)
        #expect(state.task("u1")?.attempts.map(\.state) == [.retry, .success])
    }

    @Test func `a copy that the visibility timeout made is recognized, and running wins`() throws {
        let first = [
            Make.task(.received, at: 1, on: "a@h"), Make.task(.started, at: 2, on: "a@h"),
        ]
        let copy = [Make.task(.received, at: 3_602, on: "b@h")]
        let waiting = try #require(state(first + copy).task("u1"))
        let ran = try #require(
            state(
                first + copy + [
                    Make.task(.succeeded, at: 3_700, on: "a@h"),
                    Make.task(.started, at: 3_701, on: "b@h"),
                ]
            ).task("u1"))

        #expect(waiting.state == .started)
        #expect(waiting.worker == "a@h")
        #expect(waiting.redelivered == 1)
        #expect(ran.state == .started)
        #expect(ran.worker == "b@h")
        #expect(ran.attempts.map(\.state) == [.success, .started])
        #expect(ran.attempts.map(\.worker) == ["a@h", "b@h"])
    }

    @Test func `a delivery that was lost does not hide that a later one ended`() throws {
        var events = [
            Make.task(.received, at: 1), Make.task(.started, at: 2),
            Make.task(.received, at: 100, on: "b@two"), Make.task(.started, at: 101, on: "b@two"),
        ]
        #expect(state(events).task("u1")?.state == .started)
        events.append(Make.task(.succeeded, at: 110, on: "b@two"))
        for order in [events, events.reversed()] {
            let task = try #require(state(order).task("u1"))
            #expect(task.state == .success && task.worker == "b@two" && task.redelivered == 1)
        }
        // Revoked while it waited elsewhere: the first one still runs.
        let revoked = state(events.dropLast(2) + [Make.task(.revoked, at: 103, on: "b@two")])
        #expect(revoked.task("u1")?.state == .started)
    }

    @Test func `the end of a later copy counts, whatever became of the first`() throws {
        let first = [
            Make.task(.received, at: 1, on: "a@h"), Make.task(.started, at: 2, on: "a@h"),
        ]
        let copy = [
            Make.task(.received, at: 3_602, on: "b@h"), Make.task(.started, at: 3_603, on: "b@h"),
            Make.task(.succeeded, at: 3_700, on: "b@h"),
        ]
        let ended = try #require(state(first + copy).task("u1"))
        // A copy that its worker only held begins after the other one has ended.
        let again = try #require(
            state([first[0]] + copy + [Make.task(.started, at: 3_800, on: "a@h")]).task("u1"))

        #expect(ended.state == .success)
        #expect(ended.worker == "b@h")
        #expect(ended.attempts.map(\.state) == [.started, .success])
        #expect(again.state == .started)
        #expect(again.worker == "a@h")
    }

    @Test func `progress shows as a state while the task runs, and not afterwards`() throws {
        let events = [
            Make.task(.received, at: 1),
            Make.task(.custom("progress"), at: 3, pid: 99) { $0.extra = "{\"n\": 1}" },
            Make.task(.started, at: 2),
            Make.task(.custom("progress"), at: 4, pid: 99) { $0.extra = "{\"n\": 2}" },
        ]
        let running = try #require(state(events).task("u1"))
        let done = try #require(
            state(
                events + [
                    Make.task(.succeeded, at: 6),
                    Make.task(.custom("progress"), at: 5, pid: 99) { $0.extra = "{\"n\": 3}" },
                ]
            ).task("u1"))

        #expect(running.state == .custom("PROGRESS"))
        #expect(running.progress == "{\"n\": 2}")
        #expect(done.state == .success)
        #expect(done.progress == "{\"n\": 3}")
    }

    @Test func `a custom event cannot pretend to be a real state`() throws {
        let task = try #require(
            state([Make.task(.received, at: 1), Make.task(.custom("success"), at: 2)]).task("u1"))

        #expect(task.state == .custom("SUCCESS"))
        #expect(!task.state.isFinished)
    }

    @Test func `children and parents are linked both ways, whoever comes first`() throws {
        var state = state([
            Make.task(.received, "child1", at: 1) { $0.parentID = "parent" },
            Make.task(.received, "parent", at: 2),
            Make.task(.received, "child2", at: 3) { $0.parentID = "parent" },
        ])

        #expect(state.task("parent")?.children.sorted() == ["child1", "child2"])
        #expect(state.task("child1")?.parentID == "parent")
        var result = TaskResult(id: "parent", status: "SUCCESS")
        result.children = ["child2", "child3"]
        state.apply(results: [result], now: 4)
        #expect(state.task("parent")?.children.sorted() == ["child1", "child2", "child3"])
    }

    @Test func `wait and run time are told apart and skew is taken off`() throws {
        var state = FleetState(startedAt: 0)
        for beat in 0..<3 {
            // A clock one hour ahead.
            state.apply(
                Make.worker(.heartbeat, at: 3_600 + Double(beat) * 2),
                receivedAt: Double(beat) * 2)
        }
        state.apply(
            [
                Make.task(.received, at: 3_610), Make.task(.started, at: 3_613),
                Make.task(.succeeded, at: 3_614),
            ], receivedAt: 14)

        let task = try #require(state.task("u1"))
        #expect(task.wait == 3)
        #expect(task.runtime == 0.5)
        #expect(task.received == 10)
        #expect(task.finished == 14)
        #expect(state.worker("w1@host")?.drift == 3_600)
        #expect(state.findings(now: 15).contains { $0.rule == "clock-skew" })
    }

    @Test func `a timestamp of the year 9999 or NaN is replaced by the time of arrival`() throws {
        for time in [253_402_300_000, Double.nan, .infinity, -1e300] {
            var state = FleetState(startedAt: 0)
            state.apply(
                Make.task(.received, at: 1) {
                    $0.origin.timestamp = time
                    $0.origin.clock = .max
                }, receivedAt: 1_795_000_000)
            #expect(state.task("u1")?.received == 1_795_000_000)
        }
    }
}
