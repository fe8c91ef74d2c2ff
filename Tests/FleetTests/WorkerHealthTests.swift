import Fleet
import Testing

/// "No reply" is unknown, never dead; every state says why.
@Suite struct WorkerHealthTests {
    /// A worker that beats every 2 s from 0 to `until`, and a state that has seen the time pass.
    private func fleet(
        until: Double, stats: WorkerStats? = nil, queues: [String] = [],
        beat: (Double) -> CeleryEvent = { Make.worker(.heartbeat, at: $0) }
    ) -> FleetState {
        var state = FleetState(startedAt: 0)
        var time = 0.0
        while time <= until {
            state.apply(beat(time), receivedAt: time)
            if time == 0 {
                if let stats { state.apply(.stats(stats), from: "w1@host", receivedAt: 0) }
                if !queues.isEmpty {
                    state.apply(
                        .activeQueues(queues.map { ConsumedQueue(name: $0) }), from: "w1@host",
                        receivedAt: 0)
                }
            }
            state.advance(now: time)
            time += 2
        }
        return state
    }

    private func stats(pool: String = "prefork", concurrency: Int = 2) -> WorkerStats {
        var stats = WorkerStats()
        stats.pid = 10
        stats.pool = pool
        stats.concurrency = concurrency
        stats.processes = [11, 12]
        return stats
    }

    private func health(_ state: FleetState) -> WorkerHealth? { state.worker("w1@host")?.health }

    @Test func `a worker with fresh heartbeats is online, with its figures`() throws {
        let state = fleet(until: 10, stats: stats())

        let worker = try #require(state.worker("w1@host"))
        #expect(worker.health == .online)
        #expect(worker.reason == "Its heartbeats are fresh.")
        #expect(worker.freq == 2)
        #expect(worker.heartbeat == 10)
        #expect(worker.software == "py-celery 5.7.0")
        #expect(worker.pool == "prefork")
        #expect(worker.processes == [11, 12])
        #expect(state.summary(now: 10).workersOnline == 1)
    }

    @Test func `a heartbeat on request changes neither the period nor the figures`() throws {
        var state = fleet(until: 10)
        var event = WorkerEvent(.heartbeat, origin: Make.origin("w1@host", 11))
        event.freq = 5
        state.apply(.worker(event), receivedAt: 11)

        #expect(state.worker("w1@host")?.freq == 2)
        #expect(state.worker("w1@host")?.processed == 0)
    }

    @Test func `silence makes a worker slow, then unknown, and unreachable once it was asked`() {
        var state = fleet(until: 10)
        state.advance(now: 14)
        #expect(health(state) == .online)
        state.advance(now: 15)
        #expect(health(state) == .slow)
        state.advance(now: 25)
        #expect(health(state) == .unknown)
        #expect(state.summary(now: 25).workersOnline == 0)
        state.noteSilence(of: ["w1@host"], now: 26)
        #expect(health(state) == .unreachable)
        state.apply(.pong, from: "w1@host", receivedAt: 27)
        #expect(health(state) == .slow)
    }

    @Test func `what is unreachable is not called slow again before it speaks`() {
        var state = fleet(until: 10)
        for time in [12.0, 13] { state.noteSilence(of: ["w1@host"], now: time) }
        #expect(health(state) == .unreachable)
        for time in [14.0, 15, 19, 21, 60] {
            state.advance(now: time)
            #expect(health(state) == .unreachable, "at \(time)")
        }
        state.apply(Make.worker(.heartbeat, at: 61), receivedAt: 61)
        state.apply(.pong, from: "w1@host", receivedAt: 61)
        #expect(health(state) == .online)
    }

    @Test func `an answer from before the silence does not make it slow`() {
        var state = fleet(until: 10)
        state.apply(.pong, from: "w1@host", receivedAt: 9)
        state.noteSilence(of: ["w1@host"], now: 19)
        state.advance(now: 21)
        #expect(health(state) == .unreachable)
    }

    @Test func `the oldest running task is told, with its age once it is old`() throws {
        var state = fleet(until: 10, stats: stats())
        for (id, at) in [("a", 8.0), ("b", 10)] {
            state.apply(
                [Make.task(.received, id, at: at), Make.task(.started, id, at: at)], receivedAt: at)
        }
        state.advance(now: 12)
        #expect(state.worker("w1@host")?.oldestActive == 8)
        for beat in 6...10 {
            let time = Double(beat) * 2
            state.apply(Make.worker(.heartbeat, at: time, active: 2), receivedAt: time)
            state.advance(now: time)
        }
        #expect(
            state.worker("w1@host")?.reason
                == "All 2 slots run a task; its oldest task has run for 10 s.")
        state.apply(Make.task(.succeeded, "a", at: 20.5), receivedAt: 20.5)
        state.advance(now: 23)
        #expect(state.worker("w1@host")?.oldestActive == 10)
        state.apply(Make.task(.succeeded, "b", at: 24), receivedAt: 24)
        state.advance(now: 26)
        #expect(state.worker("w1@host")?.oldestActive == nil)
    }

    @Test func `heartbeats without answers to remote control make it unreachable`() {
        var state = fleet(until: 10, stats: stats())
        state.noteSilence(of: ["w1@host"], now: 10)
        #expect(health(state) == .online)
        state.noteSilence(of: ["w1@host"], now: 11)

        #expect(health(state) == .unreachable)
        #expect(state.findings(now: 11).contains { $0.rule == "worker-unreachable" })
    }

    @Test func `a goodbye is believed only after two periods of silence`() {
        var state = fleet(until: 10)
        state.apply(Make.worker(.offline, at: 10.5), receivedAt: 10.5)
        state.advance(now: 11.5)
        #expect(health(state) == .online)
        state.apply(Make.worker(.online, at: 11.6), receivedAt: 11.6)
        state.advance(now: 16)
        #expect(health(state) != .offline)

        state.apply(Make.worker(.offline, at: 17), receivedAt: 17)
        state.advance(now: 20.4)
        #expect(health(state) != .offline)
        state.advance(now: 21.1)
        #expect(health(state) == .offline)
        #expect(state.worker("w1@host")?.offlineAt == 17)
    }

    @Test func `a late heartbeat from before the goodbye does not undo it`() {
        var state = fleet(until: 10)
        state.apply(Make.worker(.offline, at: 12), receivedAt: 12)
        state.apply(Make.worker(.heartbeat, at: 11.9), receivedAt: 12.1)
        state.advance(now: 17)

        #expect(health(state) == .offline)
    }

    @Test func `a worker that is gone leaves after ten minutes, with a trace`() {
        var state = fleet(until: 10)
        state.apply(Make.task(.received, at: 11), receivedAt: 11)
        state.apply(Make.worker(.offline, at: 12), receivedAt: 12)
        state.advance(now: 20)
        _ = state.takeChanges()
        state.advance(now: 612)
        #expect(state.workerNames == ["w1@host"])
        state.advance(now: 613)

        #expect(state.workerNames.isEmpty)
        #expect(state.traces.map(\.name) == ["w1@host"])
        #expect(state.traces.first?.reason == "It said goodbye and did not come back.")
        #expect(state.takeChanges().removedWorkers == ["w1@host"])
        #expect(state.task("u1")?.worker == "w1@host")
        // Another worker takes its place in the table; the old task is not counted for it.
        state.apply(Make.worker(.online, at: 620, on: "w2@host"), receivedAt: 620)
        state.apply(Make.task(.started, at: 621), receivedAt: 621)
        #expect(state.worker("w2@host")?.active == 0)
        #expect(recountDifferences(state).isEmpty)
    }

    @Test func `a worker whose slots are all taken is busy`() {
        var state = fleet(until: 10, stats: stats())
        state.apply(
            [
                Make.task(.received, "a", at: 10), Make.task(.started, "a", at: 10),
                Make.task(.received, "b", at: 10), Make.task(.started, "b", at: 10),
            ], receivedAt: 10)
        state.advance(now: 11)

        #expect(health(state) == .busy)
        #expect(state.worker("w1@host")?.reason == "All 2 slots run a task.")
    }

    @Test func `a silent solo worker is busy, not dead, and says so`() {
        var state = fleet(until: 10, stats: stats(pool: "solo", concurrency: 1))
        state.noteSilence(of: ["w1@host"], now: 20)
        state.noteSilence(of: ["w1@host"], now: 30)
        state.advance(now: 40)
        #expect(health(state) == .busy)
        #expect(
            state.worker("w1@host")?.reason
                == "Silent for 30 s: a solo worker says nothing while a task runs.")
        state.advance(now: 700)
        #expect(state.workerNames == ["w1@host"])
        #expect(health(state) == .unknown)
    }

    /// The broker counts who listens: a busy solo worker does, one that was killed does not.
    @Test func `a silent worker that does not listen is not busy`() {
        var state = fleet(until: 10, stats: stats(pool: "solo", concurrency: 1))
        state.noteSilence(of: ["w1@host"], everybodyAnswered: false, now: 20)
        state.advance(now: 20)
        #expect(health(state) == .busy)

        state.noteSilence(of: ["w1@host"], everybodyAnswered: true, now: 30)
        #expect(health(state) == .unreachable)
        #expect(
            state.worker("w1@host")?.reason
                == "No heartbeat for 20 s, and nothing listens to its remote control: it has ended or lost the broker."
        )
        #expect(state.isSilent("w1@host") == false, "a moment is not enough for that")
        state.advance(now: 30 + state.limits.silentSeconds)
        #expect(state.isSilent("w1@host"))

        // Its next sign of life undoes it.
        state.apply(Make.worker(.heartbeat, at: 60), receivedAt: 60)
        state.advance(now: 61)
        #expect(health(state) == .online)
        state.advance(now: 80)
        #expect(health(state) == .busy)

        state.noteSilence(of: ["w1@host"], everybodyAnswered: true, now: 90)
        state.advance(now: 60 + state.limits.ghostSeconds)
        #expect(state.workerNames == ["w1@host"])
        state.advance(now: 61 + state.limits.ghostSeconds)
        #expect(state.workerNames.isEmpty, "no task is the reason for its silence")
    }

    /// Workers without remote control never listen.
    @Test func `whoever never answered is not missed among the listeners`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.heartbeat, at: 0), receivedAt: 0)
        state.noteSilence(of: ["w1@host"], everybodyAnswered: true, now: 6)
        state.advance(now: 6)
        #expect(health(state) == .slow)
    }

    /// Tasks that wait for a token of their rate limit are no sign of harm.
    @Test(arguments: [false, true])
    func `a worker that accepts nothing while messages wait is wedged`(isLimited: Bool) {
        var state = FleetState(startedAt: 0)
        if isLimited {
            state.apply(
                .registered([RegisteredTask(name: "t.add", rateLimit: "1/h")]), from: "w1@host",
                receivedAt: 0)
            state.apply(Make.task(.received, at: 0), receivedAt: 0)
        }
        state.apply(.stats(stats()), from: "w1@host", receivedAt: 0)
        state.apply(.activeQueues([ConsumedQueue(name: "q")]), from: "w1@host", receivedAt: 0)
        var time = 0.0
        while time < 200 {
            // It works for 100 s.
            let done = Int(min(time, 100))
            state.apply(Make.worker(.heartbeat, at: time, processed: done), receivedAt: time)
            state.apply(depths: [QueueDepth(name: "q", steps: [5, 0, 0, 0])], now: time)
            state.advance(now: time)
            if time == 158 { #expect(health(state) == .online) }
            time += 2
        }

        #expect(health(state) == (isLimited ? .online : .wedged))
        #expect(state.findings(now: 200).contains { $0.rule == "worker-wedged" } == !isLimited)
        state.apply(depths: [QueueDepth(name: "q", steps: [0, 0, 0, 0])], now: 200)
        state.apply(Make.worker(.heartbeat, at: 200, processed: 100), receivedAt: 200)
        state.advance(now: 201)
        #expect(health(state) == .online)
    }

    @Test func `two workers with one name are told apart from a restart`() throws {
        var restarted = fleet(until: 10)
        restarted.apply(Make.worker(.online, at: 12, pid: 20), receivedAt: 12)
        restarted.apply(Make.worker(.heartbeat, at: 14, pid: 20), receivedAt: 14)
        #expect(restarted.worker("w1@host")?.duplicates == 1)
        #expect(restarted.worker("w1@host")?.pid == 20)

        var twins = fleet(until: 10)
        for beat in 0..<4 {
            let time = 12 + Double(beat) * 2
            twins.apply(Make.worker(.heartbeat, at: time, pid: 20), receivedAt: time)
            twins.apply(Make.worker(.heartbeat, at: time + 1, pid: 10), receivedAt: time + 1)
        }
        twins.advance(now: 19)
        #expect(twins.worker("w1@host")?.duplicates == 2)
        #expect(twins.findings(now: 19).contains { $0.rule == "duplicate-name" })
        // One of them ends; a minute later it is forgotten.
        for beat in 0..<40 {
            let time = 20 + Double(beat) * 2
            twins.apply(Make.worker(.heartbeat, at: time, pid: 20), receivedAt: time)
            twins.advance(now: time)
        }
        #expect(twins.worker("w1@host")?.duplicates == 1)
    }

    @Test func `two workers with one name and one process id have two voices`() {
        var state = fleet(until: 10)
        let most = FleetLimits().voicesPerWorker
        state.noteVoices(["w1@host": 1, "stranger@host": 2], isWhole: true, now: 10)
        #expect(state.worker("w1@host")?.duplicates == 1)
        #expect(state.worker("stranger@host") == nil)
        for (told, kept) in [(2, 2), (most, most), (most + 1, most), (1, 1), (2, 2)] {
            state.noteVoices(["w1@host": told], isWhole: true, now: 11)
            #expect(state.worker("w1@host")?.duplicates == kept)
            #expect(state.findings(now: 11).contains { $0.rule == "duplicate-name" } == (kept > 1))
        }
        // Somebody was silent, which may be the other one: so often, it is not.
        for round in 1...FleetState.quieterRounds {
            #expect(state.worker("w1@host")?.duplicates == 2)
            state.noteVoices(["w1@host": 1], isWhole: false, now: 11 + Double(round))
        }
        #expect(state.worker("w1@host")?.duplicates == 1)
        state.noteVoices(["w1@host": 2], isWhole: false, now: 20)
        #expect(state.worker("w1@host")?.duplicates == 2)
        // Nobody listens whom we do not know.
        state.noteVoices([:], isWhole: true, now: 21)
        #expect(state.worker("w1@host")?.duplicates == 1)
    }

    @Test func `a new process is announced as an arrival`() {
        var state = fleet(until: 4)
        #expect(state.takeChanges().arrivals == ["w1@host"])
        state.apply(Make.worker(.heartbeat, at: 6), receivedAt: 6)
        #expect(state.takeChanges().arrivals.isEmpty)
        state.apply(Make.worker(.online, at: 8, pid: 20), receivedAt: 8)
        #expect(state.takeChanges().arrivals == ["w1@host"])
    }

    @Test func `a worker known from task events alone counts as online while they come`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.task(.received, at: 1), receivedAt: 1)
        state.advance(now: 2)
        #expect(health(state) == .online)
        state.advance(now: 40)
        #expect(health(state) == .unknown)
    }

    @Test func `the goodbye of an unknown worker makes no record`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.offline, at: 1), receivedAt: 1)

        #expect(state.workerNames.isEmpty)
    }

    @Test func `while we are deaf nobody dies, and afterwards everybody gets time`() {
        var state = fleet(until: 10)
        let gap = state.openGap(from: 10, reason: "connection lost", now: 11)
        state.advance(now: 5_000)
        #expect(health(state) == .unknown)
        #expect(state.worker("w1@host")?.stale == true)
        state.closeGap(gap, at: 5_001, lost: nil)
        state.advance(now: 5_004)
        #expect(health(state) == .online)
        #expect(state.workerNames == ["w1@host"])
        state.apply(Make.worker(.heartbeat, at: 5_005), receivedAt: 5_005)
        #expect(state.worker("w1@host")?.stale == false)
    }
}
