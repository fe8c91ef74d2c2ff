import Fleet
import Testing

/// The share of events that we can prove we saw.
@Suite struct CompletenessTests {
    /// A worker that starts 10 tasks a second for a minute; `sees` decides which starts reach us.
    private func fleet(
        lateBy: Double = 0, hidden: Bool = false, sees: (Int) -> Bool
    ) -> FleetState {
        var state = FleetState(startedAt: 0)
        var number = 0
        for beat in 0...30 {
            let time = Double(beat) * 2
            var late: [CeleryEvent] = []
            if beat > 0 {
                for step in 0..<20 {
                    number += 1
                    guard sees(number) else { continue }
                    let at = time - 2 + 0.05 + Double(step) * 0.1
                    let events = [
                        Make.task(.received, "u\(number)", at: at),
                        Make.task(.started, "u\(number)", at: at + 0.01),
                    ]
                    if step > 17, lateBy > 0 { late += events } else { state.feed(events) }
                }
            }
            state.apply(Make.worker(.heartbeat, at: time, processed: number), receivedAt: time)
            // A batch that the worker published after its heartbeat.
            state.apply(late, receivedAt: time + lateBy)
            state.advance(now: time)
            if hidden, beat % 5 == 0 {
                var stats = WorkerStats()
                stats.pid = 10
                stats.totals = ["t.add": 1, "t.hidden": number / 2]
                state.apply(.stats(stats), from: "w1@host", receivedAt: time)
            }
        }
        return state
    }

    @Test func `everything seen is one`() throws {
        let state = fleet { _ in true }
        let summary = state.summary(now: 60)

        #expect(summary.completeness == 1)
        #expect(state.worker("w1@host")?.completeness == 1)
        #expect(summary.startedExpected == 580)
    }

    @Test(arguments: [1, 5, 25, 60])
    func `a known loss is measured within one percent`(percent: Int) throws {
        let state = fleet { $0 % 100 >= percent }
        let completeness = try #require(state.summary(now: 60).completeness)

        let seen = (1...580).count { $0 % 100 >= percent }
        #expect(abs(completeness - Double(seen) / 580) <= 0.01)
        let isFound = state.findings(now: 60).contains { $0.rule == "events-incomplete" }
        #expect(isFound == (percent > 1))
    }

    @Test func `a batch that comes after the heartbeat is not a loss`() {
        let state = fleet(lateBy: 0.05) { _ in true }

        #expect(state.summary(now: 60).completeness == 1)
    }

    @Test func `an event told twice does not make up for a lost one`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.heartbeat, at: 0, processed: 0), receivedAt: 0)
        for number in 1...10 where number != 5 {
            let start = Make.task(.started, "u\(number)", at: 0.5)
            state.apply([start, start], receivedAt: 0.5)
        }
        state.apply(Make.worker(.heartbeat, at: 2, processed: 10), receivedAt: 2)
        state.apply(Make.worker(.heartbeat, at: 4, processed: 10), receivedAt: 4)

        #expect(state.worker("w1@host")?.completeness == 0.9)
    }

    @Test func `tasks that hide their events are taken out`() throws {
        let state = fleet(hidden: true) { $0 % 2 == 0 }
        let completeness = try #require(state.summary(now: 60).completeness)

        #expect(completeness > 0.9)
    }

    @Test func `a worker without -E is not incomplete, its events are off`() {
        let state = fleet { _ in false }

        #expect(state.worker("w1@host")?.events == false)
        #expect(state.worker("w1@host")?.completeness == nil)
        #expect(state.summary(now: 60).completeness == nil)
        #expect(state.findings(now: 60).contains { $0.rule == "events-off" })
    }

    @Test func `a process that counts anew does not look like a loss`() throws {
        var state = fleet { _ in true }
        for beat in 31...40 {
            let time = Double(beat) * 2
            let count = (beat - 31) * 5
            for step in 0..<5 where beat > 31 {
                state.apply(
                    Make.task(.started, "n\(count)-\(step)", at: time - 1, pid: 77),
                    receivedAt: time - 1)
            }
            state.apply(
                Make.worker(.heartbeat, at: time, pid: 77, processed: count), receivedAt: time)
        }

        #expect(state.summary(now: 80).completeness == 1)
    }
}
