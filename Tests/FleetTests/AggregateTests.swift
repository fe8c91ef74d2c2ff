import Fleet
import Testing

/// What is kept up to date with each event equals what a look at everything would find (R29).
@Suite struct AggregateTests {
    private static let kinds: [TaskEvent.Kind] = [
        .sent, .received, .started, .succeeded, .failed, .retried, .revoked, .rejected,
        .custom("progress"),
    ]

    /// Feeds random events of some tasks, queues and names, with records that leave, queues that go,
    /// workers that are lost, and looks after each step whether all still agrees.
    private func feed(
        _ state: inout FleetState, _ random: inout Seeded, rounds: Int, names: Int = 8,
        check: (FleetState) -> Void
    ) {
        for round in 0..<rounds {
            let now = 1_000 + Double(round)
            let number = Int.random(in: 0..<300, using: &random)
            let kind = Self.kinds.randomElement(using: &random) ?? .received
            state.apply(
                Make.task(
                    kind, "u\(number)", at: now, on: "w\(number % 4)@h"
                ) {
                    guard kind == .sent || kind == .received else { return }
                    $0.name = "t\(number % names)"
                    if kind == .sent { $0.queue = "q\(number % 5)" }
                }, receivedAt: now)
            switch round % 40 {
            case 9: state.apply(Make.worker(.offline, at: now, on: "w1@h"), receivedAt: now)
            case 19: state.advance(now: now)
            case 29:
                state.reconcile(
                    Reconciliation(
                        startedAt: now - 200, answered: Set(state.workerNames),
                        withoutResult: Set(state.openTasks(limit: 20))), now: now)
            case 39: _ = state.takeChanges()
            default: break
            }
            if round % 50 == 0 { check(state) }
        }
        check(state)
    }

    @Test(arguments: [1, 2, 3]) func `state by queue and name equals a recount`(seed: UInt64) {
        var random = Seeded(seed)
        var limits = FleetLimits()
        limits.tasks = 120
        var state = FleetState(limits: limits, startedAt: 1_000)
        feed(&state, &random, rounds: 4_000) { state in
            #expect(toldLoads(state) == recountLoads(state))
            #expect(recountDifferences(state).isEmpty)
        }
        #expect(state.summary(now: 5_000).evictedFinished > 0)
    }

    @Test func `a reader of the changes ends with what is counted`() {
        var random = Seeded(11)
        var limits = FleetLimits()
        limits.tasks = 60
        var state = FleetState(limits: limits, startedAt: 1_000)
        var followed: [Int: TaskLoad] = [:]
        for _ in 0..<40 {
            for step in 0..<25 {
                let now = 1_000 + Double(step)
                let number = Int.random(in: 0..<400, using: &random)
                let kind = Self.kinds.randomElement(using: &random) ?? .received
                state.apply(
                    Make.task(kind, "u\(number)", at: now) { $0.name = "t\(number % 90)" },
                    receivedAt: now)
            }
            let changes = state.takeChanges()
            for number in changes.removedLoads { followed[number] = nil }
            for number in changes.loads { followed[number] = state.load(number) }
            let counted = Dictionary(
                uniqueKeysWithValues: state.loadNumbers.map { ($0, state.load($0)) })
            #expect(followed == counted.compactMapValues { $0 })
        }
    }

    @Test func `records of a queue that is gone are counted as of no known queue`() {
        var limits = FleetLimits()
        limits.idleQueueSeconds = 10
        var state = FleetState(limits: limits, startedAt: 0)
        state.feed([
            Make.task(.sent, at: 1), Make.task(.received, at: 2), Make.task(.succeeded, at: 3),
        ])
        let before = state.loadNumbers.compactMap { state.load($0) }
        #expect(before.map(\.queue) == ["celery"] && before.map(\.count) == [1])

        state.advance(now: 100)

        #expect(state.queueNames.isEmpty)
        let after = state.loadNumbers.compactMap { state.load($0) }
        #expect(after.map(\.queue) == [nil] && after.map(\.name) == ["t.add"])
        #expect(after.map(\.counts) == before.map(\.counts))
    }

    @Test(arguments: [0, 1, 3]) func `pairs beyond the bound are counted together`(limit: Int) {
        var limits = FleetLimits()
        limits.loads = limit
        var state = FleetState(limits: limits, startedAt: 0)
        for number in 0...limit {
            state.feed([Make.task(.received, "u\(number)", at: 1) { $0.name = "t\(number)" }])
        }
        // As many as there is room for have a place of their own, the next one has not.
        let loads = state.loadNumbers.compactMap { state.load($0) }
        #expect(loads.filter { $0.name != TaskLoad.other }.count == limit)
        #expect(loads.filter { $0.name == TaskLoad.other }.map(\.count) == [1])

        // Each is taken off where it was added.
        for number in 0..<limit { state.feed([Make.task(.succeeded, "u\(number)", at: 2)]) }
        state.feed([Make.task(.succeeded, "u\(limit)", at: 3)])
        let all = state.loadNumbers.compactMap { state.load($0) }
        #expect(all.map { $0.counts[3] }.reduce(0, +) == limit + 1)
        #expect(all.map(\.count).reduce(0, +) == limit + 1)
    }

    @Test func `a bound belongs to its own bucket, and a little more to the next`() {
        let bounds = LatencyBuckets.bounds
        #expect(bounds.count == LatencyBuckets.count - 1)
        #expect(bounds.prefix(6) == [0.001, 0.00125, 0.0015, 0.00175, 0.002, 0.0025])
        for (bucket, bound) in bounds.enumerated() {
            #expect(bucketOf(bound) == bucket, "\(bound)")
            #expect(bucketOf(bound * 1.000_1) == bucket + 1, "\(bound)")
        }
        #expect(bucketOf(0) == 0)
        #expect(bucketOf(1e9) == LatencyBuckets.count - 1)
    }

    private func bucketOf(_ seconds: Double) -> Int? {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.task(.received, at: 1), Make.task(.started, at: 1),
            Make.task(.succeeded, at: 1) { $0.runtime = seconds },
        ])
        return state.runtimeCounts.total.firstIndex(of: 1)
    }

    @Test(arguments: [4, 5]) func `histograms equal what was fed`(seed: UInt64) throws {
        var random = Seeded(seed)
        var state = FleetState(startedAt: 0)
        var ends: [(at: Double, name: String, queue: String, runtime: Double, wait: Double)] = []
        var now = 0.0
        for number in 0..<2_000 {
            now += Double.random(in: 0...1.5, using: &random)
            let runtime = someTime(&random)
            // Never at a bound: what is told are two times.
            let wait = (Double(Int.random(in: 0..<4_000, using: &random)) + 0.3) / 1_000
            let end = (now, "t\(number % 7)", "q\(number % 3)", runtime, wait)
            let id = "u\(number)"
            let events = [
                Make.task(.sent, id, at: now) {
                    $0.name = end.1
                    $0.queue = end.2
                },
                Make.task(.received, id, at: now) { $0.name = end.1 },
                Make.task(.started, id, at: now + wait),
                Make.task(.succeeded, id, at: now + wait) { $0.runtime = runtime },
            ]
            state.apply(events, receivedAt: now)
            ends.append(end)
            if number % 10 == 0 { state.advance(now: now) }
        }
        state.advance(now: now)

        #expect(state.runtimeCounts.total == counts(ends.map(\.runtime)))
        #expect(abs(state.runtimeCounts.sum - ends.map(\.runtime).reduce(0, +)) < 0.001)
        let first = ((now / 60).rounded(.down) - 4) * 60
        let late = ends.filter { $0.at >= first }
        #expect(late.count > 100 && late.count < ends.count)
        #expect(state.runtimeCounts.lately == counts(late.map(\.runtime)))
        let waits = try #require(state.waitCounts(ofQueue: "q1"))
        #expect(waits.total == counts(ends.filter { $0.queue == "q1" }.map(\.wait)))
        let named = late.filter { $0.name == "t3" }.map(\.runtime).sorted()
        #expect(state.runtimeCounts(ofName: "t3")?.lately == counts(named))
        let quantiles = try #require(state.nameStatistics("t3")?.runtimes)
        #expect(quantiles.p95 == bound(named[(named.count * 95 + 99) / 100 - 1]))
        #expect(quantiles.p50 == bound(named[(named.count * 50 + 99) / 100 - 1]))

        state.advance(now: now + 400)
        #expect(state.summary(now: now + 400).runtimes == nil)
        #expect(state.nameStatistics("t3")?.waits == nil)
        #expect(state.queue("q1")?.waits == nil)
        #expect(state.runtimeCounts.total == counts(ends.map(\.runtime)))
    }

    /// From 0.5 ms to 30 s, as many short ones as long ones.
    private func someTime(_ random: inout Seeded) -> Double {
        var seconds = 0.000_5
        for _ in 0..<Int.random(in: 0..<15, using: &random) { seconds *= 2 }
        return seconds * Double.random(in: 1...2, using: &random)
    }

    private func bound(_ seconds: Double) -> Double? {
        LatencyBuckets.bounds.first { seconds <= $0 }
    }

    private func counts(_ durations: [Double]) -> [Int] {
        var counts = Array(repeating: 0, count: LatencyBuckets.count)
        for duration in durations {
            let bucket = LatencyBuckets.bounds.firstIndex { duration <= $0 }
            counts[bucket ?? LatencyBuckets.count - 1] += 1
        }
        return counts
    }
}
