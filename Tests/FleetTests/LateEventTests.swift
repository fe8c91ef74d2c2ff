import Fleet
import Testing

/// What comes late, twice or in another order counts where it belongs (F17).
@Suite struct LateEventTests {
    /// Bucket of a time in the histograms.
    private func counts(_ seconds: [Double]) -> [Int] {
        var counts = Array(repeating: 0, count: LatencyBuckets.count)
        for time in seconds {
            counts[
                LatencyBuckets.bounds.firstIndex { time <= $0 } ?? LatencyBuckets.bounds.count] += 1
        }
        return counts
    }

    @Test func `late events of an earlier attempt count with that attempt's times`() throws {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.task(.received, at: 100) { $0.retries = 1 }, Make.task(.started, at: 130),
            Make.task(.succeeded, at: 130.5) { $0.runtime = 0.5 },
        ])
        #expect(state.waitCounts.total == counts([30]))

        // The first delivery, by another worker, was held back: it waited for 3 s and ran for 7 s.
        state.apply(
            [
                Make.task(.received, at: 10, on: "w2@host"),
                Make.task(.started, at: 13, on: "w2@host"),
                Make.task(.failed, at: 20, on: "w2@host"),
            ], receivedAt: 140)

        let task = try #require(state.task("u1"))
        #expect(task.state == .success && task.wait == 30 && task.runtime == 0.5)
        #expect(task.attempts.map(\.runtime) == [7, 0.5])
        #expect(state.waitCounts.total == counts([30, 3]))
        #expect(state.runtimeCounts.total == counts([0.5, 7]))
    }

    @Test func `a receipt that only an answer tells of gives no wait`() throws {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.online, at: 1), receivedAt: 1)
        var info = TaskInfo(id: "u1")
        info.name = "t.add"
        info.timeStart = 5
        state.apply(.active([info]), from: "w1@host", receivedAt: 10)
        #expect(state.task("u1")?.state == .started && state.task("u1")?.wait == nil)
        state.feed([Make.task(.succeeded, at: 12) { $0.runtime = 7 }])
        #expect(state.waitCounts.total == counts([]))
        #expect(state.runtimeCounts.total == counts([7]))

        // The event itself tells when that was.
        state.apply(Make.task(.received, at: 4), receivedAt: 13)
        #expect(state.task("u1")?.wait == 1)
    }

    @Test func `a repeated receipt counts in the queue that became known meanwhile`() throws {
        var state = FleetState(startedAt: 0)
        let receipt = Make.task(.received, at: 1)
        state.apply(receipt, receivedAt: 1)
        #expect(state.task("u1")?.queue == nil)
        state.apply(.activeQueues([ConsumedQueue(name: "q")]), from: "w1@host", receivedAt: 2)

        state.apply(receipt, receivedAt: 3)

        #expect(state.task("u1")?.queue == "q")
        #expect(state.queue("q")?.reserved == 1)
        #expect(toldLoads(state) == recountLoads(state))
        state.apply(Make.task(.succeeded, at: 4), receivedAt: 4)
        #expect(state.queue("q")?.reserved == 0)
        #expect(toldLoads(state) == recountLoads(state))
        #expect(recountDifferences(state).isEmpty)
    }

    @Test(arguments: UInt64(1)...6)
    func `counters equal a recount after any order and repetition`(seed: UInt64) {
        var random = Seeded(seed)
        var limits = FleetLimits()
        limits.tasks = 20
        limits.names = 3
        limits.loads = 4
        var state = FleetState(limits: limits, startedAt: 0)
        var events: [CeleryEvent] = []
        for _ in 0..<40 {
            let host = "w\(Int.random(in: 0..<3, using: &random))@h"
            let number = Int.random(in: 0..<80, using: &random)
            events += TaskShuffleTests.story(&random).map { event in
                guard case .task(var task) = event else { return event }
                task.uuid = "u\(number)"
                if case .received = task.kind { task.name = "t\(number % 5)" }
                if task.origin.hostname == "w1@host" { task.origin.hostname = host }
                return .task(task)
            }
        }
        events.shuffle(using: &random)
        events += events.prefix(200)
        for (number, event) in events.enumerated() {
            let now = 1_000 + Double(number)
            state.apply(event, receivedAt: now)
            if number % 9 == 0 {
                state.apply(
                    .activeQueues([
                        ConsumedQueue(name: "q\(Int.random(in: 0..<5, using: &random))")
                    ]), from: "w\(Int.random(in: 0..<3, using: &random))@h", receivedAt: now)
            }
            if number % 50 == 0 {
                state.advance(now: now)
                #expect(recountDifferences(state).isEmpty)
                #expect(sums(toldLoads(state)) == sums(recountLoads(state)))
            }
        }
        #expect(recountDifferences(state).isEmpty)
        #expect(sums(toldLoads(state)) == sums(recountLoads(state)))
        #expect(state.queueNames.count > 0 && state.taskCount == 20)
    }

    /// By queue and name where a pair has its own place; the rest together.
    private func sums(_ loads: [String: [Int]]) -> [Int] {
        loads.values.reduce(Array(repeating: 0, count: TaskLoad.states.count)) { sum, counts in
            zip(sum, counts).map(+)
        }
    }
}
