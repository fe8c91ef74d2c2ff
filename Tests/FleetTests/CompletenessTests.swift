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
                let registered = [
                    RegisteredTask(name: "t.add", sendsEvents: true),
                    RegisteredTask(name: "t.hidden", sendsEvents: false),
                ]
                state.apply(.registered(registered), from: "w1@host", receivedAt: time)
                var stats = WorkerStats()
                stats.pid = 10
                stats.clock = Int64(time * 10) - 1
                stats.totals = ["t.add": number - number / 2, "t.hidden": number / 2]
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

    /// Every second task hides; of the others some are lost.
    @Test(arguments: [0, 5, 25])
    func `tasks that hide their events are taken out, and nothing else is`(lost: Int) throws {
        let state = fleet(hidden: true) { $0 % 2 == 1 && $0 / 2 % 100 >= lost }
        let summary = state.summary(now: 60)
        let completeness = try #require(summary.completeness)

        // Of every two tasks one is expected; the last answer's window is still open.
        #expect(summary.startedExpected == 250)
        let seen = (0..<250).count { $0 % 100 >= lost }
        #expect(abs(completeness - Double(seen) / 250) <= 0.01)
    }

    @Test func `a hidden task that is known by name is hidden all the same`() throws {
        // Its publisher announces it, and its worker names it in answers.
        let state = fleet(hidden: true) { $0 % 2 == 1 }
        var other = state
        other.apply(
            Make.task(.sent, "h1", at: 60, on: "gen@c") { $0.name = "t.hidden" }, receivedAt: 60)
        var info = TaskInfo(id: "h1")
        info.name = "t.hidden"
        info.timeStart = 60
        other.apply(.active([info]), from: "w1@host", receivedAt: 60.5)
        feedHidden(&other, beats: 31...45, from: 600, names: ["t.hidden"])

        #expect(other.summary(now: 90).completeness == 1)
    }

    @Test func `a new name of which every event was lost is a loss`() throws {
        var state = fleet(hidden: true) { $0 % 2 == 1 }
        feedHidden(&state, beats: 31...45, from: 600, names: ["t.hidden", "t.new"])
        let completeness = try #require(state.summary(now: 90).completeness)

        #expect(completeness < 0.8)
    }

    @Test func `nothing is said of a process with hidden tasks before its answers tell`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.heartbeat, at: 0), receivedAt: 0)
        state.apply(
            .registered([RegisteredTask(name: "t.hidden", sendsEvents: false)]), from: "w1@host",
            receivedAt: 0)
        feedHidden(&state, beats: 1...4, from: 0, names: ["t.hidden"], answers: false)
        #expect(state.summary(now: 10).completeness == nil)

        feedHidden(&state, beats: 5...10, from: 40, names: ["t.hidden"])
        #expect(state.summary(now: 20).completeness == 1)
    }

    /// Ten tasks of each name and ten that are seen between two heartbeats, two seconds apart.
    private func feedHidden(
        _ state: inout FleetState, beats: ClosedRange<Int>, from first: Int, names: [String],
        answers: Bool = true
    ) {
        var processed = first
        var totals = ["t.add": first - first / 2, "t.hidden": first / 2]
        for beat in beats {
            let time = Double(beat) * 2
            for step in 0..<10 {
                let id = "f\(beat)-\(step)"
                state.apply(
                    [
                        Make.task(.received, id, at: time - 1),
                        Make.task(.started, id, at: time - 1),
                    ],
                    receivedAt: time - 1)
            }
            totals["t.add", default: 0] += 10
            for name in names { totals[name, default: 0] += 10 }
            processed += 10 + 10 * names.count
            state.apply(Make.worker(.heartbeat, at: time, processed: processed), receivedAt: time)
            guard answers else { continue }
            var stats = WorkerStats()
            stats.pid = 10
            stats.clock = Int64(time * 10) - 1
            stats.totals = totals
            state.apply(.stats(stats), from: "w1@host", receivedAt: time)
        }
    }

    @Test func `each process of a name is measured by itself`() throws {
        var state = FleetState(startedAt: 0)
        for beat in 0...10 {
            let time = Double(beat) * 2
            for pid in [10, 20] where beat > 0 {
                for step in 0..<10 where pid == 10 || step < 5 {
                    state.apply(
                        Make.task(.started, "p\(pid)-\(beat)-\(step)", at: time - 1, pid: pid),
                        receivedAt: time - 1)
                }
            }
            for pid in [10, 20] {
                state.apply(
                    Make.worker(.heartbeat, at: time, pid: pid, processed: beat * 10, active: pid),
                    receivedAt: time)
            }
        }

        let measured = state.measuredProcesses(limit: 9)
        #expect(measured.map(\.pid) == [10, 20])
        #expect(measured.map(\.expected) == [90, 90])
        #expect(measured.map(\.seen) == [90, 45])
        #expect(state.measuredProcesses(limit: 1).map(\.pid) == [20])
        let instances = try #require(state.worker("w1@host")?.instances)
        #expect(instances.map(\.active) == [10, 20])
        #expect(instances.map(\.processed) == [100, 100])
        #expect(state.worker("w1@host")?.duplicates == 2)
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
