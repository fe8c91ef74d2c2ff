import Fleet
import Testing

/// Messages that are held too long are delivered again: when, and which.
@Suite struct RedeliveryTests {
    private func state(_ ids: [String], held: Int = 200) -> FleetState {
        var limits = FleetLimits()
        limits.visibilityTimeout = 1_000
        limits.heldMessages = held
        var state = FleetState(limits: limits, startedAt: 0)
        state.feed(ids.map { Make.task(.received, $0, at: 1) })
        return state
    }

    @Test func `a held message has a date, until it is held no more`() throws {
        var state = state(["a", "b"])
        state.apply(
            held: [
                HeldMessage(taskID: "a", deliveredAt: 1), HeldMessage(taskID: "b", deliveredAt: 50),
                HeldMessage(taskID: "unknown", deliveredAt: 1),
            ], now: 60)
        #expect(state.task("a")?.redeliverAt == 1_001)
        #expect(state.task("b")?.redeliverAt == 1_050)
        #expect(state.task("unknown") == nil)

        _ = state.takeChanges()
        state.apply(
            held: [
                HeldMessage(taskID: "a", deliveredAt: 1), HeldMessage(taskID: "b", deliveredAt: 50),
            ], now: 65)
        #expect(state.takeChanges().tasks.isEmpty)
        // It was delivered again: the same entry with a new time.
        state.apply(held: [HeldMessage(taskID: "b", deliveredAt: 1_060)], now: 1_070)
        #expect(state.task("a")?.redeliverAt == nil)
        #expect(state.task("b")?.redeliverAt == 2_060)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `a worker that tells its timeout is believed`() {
        var state = state(["a"])
        var settings = WorkerSettings()
        settings.visibilityTimeout = 60
        state.apply(.conf(settings), from: "w1@host", receivedAt: 2)
        state.apply(held: [HeldMessage(taskID: "a", deliveredAt: 1)], now: 3)

        #expect(state.task("a")?.redeliverAt == 61)
    }

    @Test func `an eta is judged anew when the timeout becomes known`() throws {
        var state = FleetState(startedAt: 0)
        let held = [
            ("near", "1970-01-01T00:01:09+00:00"), ("bound", "1970-01-01T00:01:10+00:00"),
            ("far", "1970-01-01T00:10:00+00:00"),
        ].map { ScheduledTask(eta: $1, priority: nil, request: TaskInfo(id: $0)) }
        state.feed([Make.worker(.online, at: 1)])
        state.apply(.scheduled(held), from: "w1@host", receivedAt: 10)
        func told() -> String? {
            state.findings(now: 12).first { $0.rule == "eta-beyond-visibility" }?.detail
        }
        #expect(told() == nil)

        var settings = WorkerSettings()
        settings.visibilityTimeout = 60
        state.apply(.conf(settings), from: "w1@host", receivedAt: 11)
        #expect(told()?.hasPrefix("2 held tasks") == true)
        #expect(recountDifferences(state).isEmpty)

        // What runs is held for no date any more.
        state.apply(Make.task(.started, "far", at: 12), receivedAt: 12)
        #expect(told()?.hasPrefix("1 held tasks") == true)
        settings.visibilityTimeout = 3_600
        state.apply(.conf(settings), from: "w1@host", receivedAt: 13)
        #expect(told() == nil)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `a date that is near is a finding that names the first`() throws {
        var state = state(["a", "b"])
        state.apply(
            held: [
                HeldMessage(taskID: "a", deliveredAt: 1), HeldMessage(taskID: "b", deliveredAt: 2),
            ], now: 10)
        func found(_ now: Double) -> Finding? {
            state.findings(now: now).first { $0.rule == "redelivery-due" }
        }
        #expect(found(900) == nil)
        let near = try #require(found(901))
        #expect(near.detail.contains("timeout of 16 min: 1;"))
        #expect(near.detail.contains("task a held by w1@host, is due in 1 min"))
        #expect(found(1_200)?.detail.contains("timeout of 16 min: 2;") == true)
        #expect(found(1_200)?.detail.contains("any moment") == true)
    }

    @Test func `only so many are followed, and the rest are counted`() {
        var state = state(["a", "b", "c"], held: 2)
        func detail() -> String? {
            state.findings(now: 950).first { $0.rule == "redelivery-due" }?.detail
        }
        let messages = ["a", "b", "c"].map { HeldMessage(taskID: $0, deliveredAt: 1) }
        state.apply(held: Array(messages.prefix(2)), total: 2, now: 2)
        #expect(state.heldFollowed == 2)
        #expect(detail()?.contains("not followed") == false)

        state.apply(held: messages, total: 40, now: 2)
        #expect(state.task("b")?.redeliverAt == 1_001)
        #expect(state.task("c")?.redeliverAt == nil)
        #expect(state.heldTotal == 40)
        #expect(
            detail()?.hasSuffix(
                " 38 more held messages are not followed: only the 2 held longest are.") == true)
    }

    @Test func `a time limit that came with a message counts, if it is acknowledged late`() {
        var state = state(["a", "b"])
        func found() -> Finding? {
            state.findings(now: 10).first { $0.rule == "limit-beyond-visibility" }
        }
        func hold(_ limit: Double?) {
            state.apply(
                held: [
                    HeldMessage(taskID: "a", deliveredAt: 1, timeLimit: limit),
                    HeldMessage(taskID: "b", deliveredAt: 1),
                ], now: 9)
        }
        hold(1_000)
        #expect(found() == nil)
        // It runs and is still held: its worker acknowledges late.
        state.apply(Make.task(.started, "a", at: 3), receivedAt: 3)
        #expect(found()?.detail.contains(": 1; the first, task a, may run for 16 min.") == true)
        hold(999)
        #expect(found() == nil)
        hold(nil)
        #expect(found() == nil)

        var settings = WorkerSettings()
        settings.acksLate = true
        state.apply(.conf(settings), from: "w1@host", receivedAt: 4)
        state.apply(
            held: [HeldMessage(taskID: "b", deliveredAt: 1, timeLimit: 2_000)], now: 9)
        #expect(found()?.detail.contains("task b") == true)
    }
}
