import Fleet
import Testing

/// Each change is told once, and what is told leads to the same picture as what is read.
@Suite struct FleetChangesTests {
    @Test func `a reader that follows the changes ends with what a fresh reader sees`() throws {
        var random = Seeded(99)
        var limits = FleetLimits()
        limits.tasks = 200
        var state = FleetState(limits: limits, startedAt: 1_000)
        var followed: [String: TaskState] = [:]
        var workers: Set<String> = []
        var queues: Set<String> = []

        for round in 0..<3_000 {
            let now = 1_000 + Double(round)
            let id = "u\(Int.random(in: 0..<500, using: &random))"
            let host = "w\(Int.random(in: 0..<6, using: &random))@h"
            let kinds: [TaskEvent.Kind] = [
                .sent, .received, .started, .succeeded, .failed, .retried, .custom("progress"),
            ]
            let kind = kinds.randomElement(using: &random) ?? .received
            state.apply(
                Make.task(kind, id, at: now, on: host) {
                    $0.queue = kind == .sent ? "q\(round % 5)" : nil
                }, receivedAt: now)
            switch round % 50 {
            case 7: state.apply(Make.worker(.heartbeat, at: now, on: host), receivedAt: now)
            case 17: state.apply(Make.worker(.offline, at: now, on: host), receivedAt: now)
            case 27:
                state.reconcile(
                    Reconciliation(
                        startedAt: now - 500, answered: Set(state.workerNames),
                        withoutResult: Set(state.openTasks(limit: 50))), now: now)
            case 37: state.advance(now: now)
            default: break
            }
            guard round % 10 == 0 else { continue }
            let changes = state.takeChanges()
            #expect(Set(changes.tasks).count == changes.tasks.count)
            for id in changes.removedTasks { followed[id] = nil }
            for ref in changes.tasks {
                let task = try #require(state.task(ref))
                followed[task.id] = task.state
            }
            workers.subtract(changes.removedWorkers)
            workers.formUnion(changes.workers)
            queues.subtract(changes.removedQueues)
            queues.formUnion(changes.queues)
        }

        var fresh: [String: TaskState] = [:]
        let last = state.takeChanges()
        workers.subtract(last.removedWorkers)
        workers.formUnion(last.workers)
        queues.subtract(last.removedQueues)
        queues.formUnion(last.queues)
        for id in last.removedTasks { followed[id] = nil }
        for ref in last.tasks {
            let task = try #require(state.task(ref))
            followed[task.id] = task.state
        }
        state.forEachTask {
            fresh[$0.id] = $0.state
            return true
        }
        #expect(followed == fresh)
        #expect(workers == Set(state.workerNames))
        #expect(queues == Set(state.queueNames))
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `records that are lent one after the other are those that are asked for one by one`()
    {
        var random = Seeded(7)
        var limits = FleetLimits()
        limits.tasks = 100
        var state = FleetState(limits: limits, startedAt: 0)
        let kinds: [TaskEvent.Kind] = [
            .sent, .received, .started, .succeeded, .failed, .retried, .revoked, .rejected,
            .cancelled, .custom("progress"),
        ]
        var references: [TaskRef] = []
        for round in 0..<600 {
            let now = Double(round)
            let id = "u\(Int.random(in: 0..<150, using: &random))"
            state.apply(
                Make.task(kinds.randomElement(using: &random) ?? .received, id, at: now) {
                    $0.eta = round % 7 == 0 ? "2026-01-01T00:00:00" : nil
                    $0.exception = round % 5 == 0 ? "NotRegistered('t.x')" : "ValueError('x')"
                    $0.terminated = round % 3 == 0
                }, receivedAt: now)
            if round == 300 { _ = state.openGap(from: now, reason: "r", now: now) }
            // Those of records that have left since stay in, and so do places that others have now.
            references += state.takeChanges().tasks
        }

        var lent: [TaskRecord] = []
        state.forEachTask(references) { _, record in lent.append(copy record) }

        #expect(lent == references.compactMap { state.task($0) })
        #expect(lent.count > 100)
    }

    @Test func `an event that says nothing new changes nothing`() {
        var state = FleetState(startedAt: 0)
        state.feed([Make.task(.received, at: 1), Make.task(.started, at: 2)])
        _ = state.takeChanges()
        state.feed([Make.task(.received, at: 1), Make.task(.started, at: 2)])

        #expect(state.takeChanges().tasks.isEmpty)
    }

    @Test func `rates and means follow the last seconds`() {
        var state = FleetState(startedAt: 0)
        for second in 0..<60 {
            let time = Double(second)
            let id = "u\(second)"
            state.apply(
                [
                    Make.task(.received, id, at: time), Make.task(.started, id, at: time + 0.25),
                    second % 4 == 0
                        ? Make.task(.failed, id, at: time + 0.75)
                        : Make.task(.succeeded, id, at: time + 0.75),
                ], receivedAt: time)
        }
        let summary = state.summary(now: 59)

        #expect(summary.throughput == 60)
        #expect(summary.throughput10s == 60)
        #expect(summary.throughput5m == 12)
        #expect(summary.successRate == 0.75)
        #expect(summary.runtimeMean == 0.5)
        #expect(summary.waitMean == 0.25)
        #expect(summary.eventsPerSecond == 3)
        #expect(state.summary(now: 400).throughput == 0)
        #expect(state.summary(now: 400).successRate == nil)
        #expect(state.totals.first { $0.state == "SUCCESS" }?.count == 45)
    }

    @Test func `a finding keeps the time since when it holds`() {
        var state = FleetState(startedAt: 0)
        let gap = state.openGap(from: 10, reason: "r", now: 10)
        state.advance(now: 11)
        #expect(state.findings(now: 30).first { $0.rule == "gap-open" }?.since == 11)
        state.closeGap(gap, at: 31, lost: 0)
        state.advance(now: 32)
        #expect(!state.findings(now: 32).contains { $0.rule == "gap-open" })
    }

    @Test func `settings of a worker become findings`() {
        var state = FleetState(startedAt: 0)
        var stats = WorkerStats()
        stats.pool = "prefork"
        stats.concurrency = 2
        state.apply(.stats(stats), from: "w1@host", receivedAt: 1)
        var settings = WorkerSettings()
        settings.poolRestarts = false
        settings.sendsSentEvent = false
        settings.acksLate = true
        settings.visibilityTimeout = 60
        settings.timeLimit = 300
        state.apply(.conf(settings), from: "w1@host", receivedAt: 1)

        let rules = Set(state.findings(now: 2).map(\.rule))
        #expect(rules == ["pool-restarts-off", "sent-events-off", "visibility-timeout"])
        #expect(state.visibilityTimeout == 60)
        #expect(state.worker("w1@host")?.poolRestarts == false)
    }

    /// The settings of a worker say what it announces itself, not what the programs that publish do.
    @Test(arguments: [(0, ["publishers"]), (9, ["publishers"]), (10, []), (20, [])])
    func `whether publishing is announced is judged by what comes`(
        announced: Int, subjects: [String]
    ) {
        var state = FleetState(startedAt: 0)
        var settings = WorkerSettings()
        settings.sendsSentEvent = false
        state.apply(.conf(settings), from: "w1@host", receivedAt: 0)
        func found() -> [String] {
            state.findings(now: 2).filter { $0.rule == "sent-events-off" }.map(\.subject)
        }
        for number in 0..<20 {
            #expect(found() == ["worker w1@host"], "too few to judge by")
            let id = "u\(number)"
            if number < announced {
                state.apply(Make.task(.sent, id, at: 1, on: "producer@host"), receivedAt: 1)
            }
            state.apply(
                [Make.task(.received, id, at: 1), Make.task(.succeeded, id, at: 1)], receivedAt: 1)
        }
        #expect(found() == subjects)
        // What was so long ago does not count for ever.
        for number in 0..<1_000 {
            let id = "later\(number)"
            state.apply(Make.task(.sent, id, at: 1, on: "producer@host"), receivedAt: 1)
            state.apply(Make.task(.succeeded, id, at: 1), receivedAt: 1)
        }
        #expect(found().isEmpty)
    }
}
