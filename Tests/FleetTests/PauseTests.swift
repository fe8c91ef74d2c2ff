import Fleet
import Testing

@Suite struct PauseTests {
    private let pause = QueuePause(by: "ops", at: 4, reason: "deploy", resumeAt: 90)

    /// Two workers that consume `q`, which holds a message.
    private func consumed() -> FleetState {
        var state = FleetState(startedAt: 0)
        for name in ["w1@host", "w2@host"] {
            state.apply(Make.worker(.online, at: 0, on: name), receivedAt: 0)
            tell(&state, name, ["q", "other"], at: 1)
        }
        state.apply(depths: [QueueDepth(name: "q", steps: [1])], now: 2)
        return state
    }

    private func tell(_ state: inout FleetState, _ worker: String, _ names: [String], at: Double) {
        state.apply(
            .activeQueues(
                names.map { ConsumedQueue(name: $0, exchange: "x", routingKey: "k.\($0)") }),
            from: worker, receivedAt: at)
    }

    @Test func `a paused queue says so, and who still consumes it`() throws {
        var state = consumed()

        state.setPaused(queues: ["q": pause], now: 4)

        var queue = try #require(state.queue("q"))
        #expect(queue.condition == .paused)
        #expect(queue.pause == pause)
        #expect(queue.stillConsuming == ["w1@host", "w2@host"])
        tell(&state, "w1@host", ["other"], at: 5)
        queue = try #require(state.queue("q"))
        #expect(queue.stillConsuming == ["w2@host"])
        #expect(state.driftSince(of: "q") == 4)
        tell(&state, "w2@host", [], at: 6)
        #expect(state.queue("q")?.stillConsuming == [])
        #expect(state.driftSince(of: "q") == nil)
    }

    @Test func `each change of who still consumes is told`() {
        var state = consumed()
        state.setPaused(queues: ["q": pause], now: 4)
        #expect(state.takeChanges().queues.contains("q"))

        tell(&state, "w1@host", ["other"], at: 5)
        #expect(state.takeChanges().queues.contains("q"))
        tell(&state, "w1@host", ["other"], at: 6)
        #expect(!state.takeChanges().queues.contains("q"))
        state.setPaused(queues: [:], now: 7)
        #expect(state.takeChanges().queues == ["q"])
        #expect(state.queue("q")?.condition == .ok)
    }

    @Test func `a pause that does not hold is found after a while`() throws {
        var state = consumed()
        state.setPaused(queues: ["q": pause], now: 4)
        tell(&state, "w1@host", [], at: 5)
        let limit = state.limits.driftSeconds

        #expect(!state.findings(now: 4 + limit - 0.1).contains { $0.rule == "queue-pause-drift" })
        let finding = try #require(
            state.findings(now: 4 + limit).first { $0.id == "queue-pause-drift:queue q" })
        #expect(finding.severity == .warning)
        #expect(finding.detail == "1 of 2 workers still consumes q: w2@host.")
        tell(&state, "w2@host", [], at: 6)
        #expect(!state.findings(now: 99).contains { $0.rule == "queue-pause-drift" })
    }

    @Test func `nobody is missed at a paused queue`() {
        var state = consumed()
        state.setPaused(queues: ["q": pause], now: 4)

        for name in ["w1@host", "w2@host"] { tell(&state, name, ["other"], at: 5) }
        state.advance(now: 100)

        #expect(!state.findings(now: 100).contains { $0.rule == "queue-unconsumed" })
        state.setPaused(queues: [:], now: 101)
        #expect(state.findings(now: 101).contains { $0.rule == "queue-unconsumed" })
    }

    @Test func `a paused queue stays listed, even if nothing else is known of it`() {
        var state = FleetState(startedAt: 0)

        state.setPaused(queues: ["never heard of": pause], now: 4)

        let later = 5 + state.limits.idleQueueSeconds
        state.advance(now: later)
        #expect(state.queue("never heard of")?.condition == .paused)
        state.setPaused(queues: [:], now: later)
        state.advance(now: 2 * later)
        #expect(state.queue("never heard of") == nil)
    }

    @Test func `a worker that said goodbye consumes no more`() {
        var state = consumed()
        state.setPaused(queues: ["q": pause], now: 4)
        state.apply(Make.worker(.offline, at: 5, on: "w2@host"), receivedAt: 5)
        state.apply(Make.worker(.heartbeat, at: 59), receivedAt: 59)

        state.advance(now: 60)

        #expect(state.queue("q")?.stillConsuming == ["w1@host"])
        #expect(state.consumers(of: "q").map(\.worker) == ["w1@host"])
        #expect(state.consumes("w2@host", "q", since: 0) == nil)
    }

    @Test func `a worker that was killed does not break a pause`() {
        var state = consumed()
        state.setPaused(queues: ["q": pause], now: 4)
        let limit = state.limits.silentSeconds
        for second in 1...Int(limit + 3) {
            let now = Double(second)
            state.apply(Make.worker(.heartbeat, at: now), receivedAt: now)
            state.advance(now: now)
            if now == limit + 1 {
                #expect(state.queue("q")?.stillConsuming == ["w1@host", "w2@host"])
            }
        }

        #expect(state.isSilent("w2@host"))
        #expect(!state.isSilent("w1@host"))
        #expect(state.queue("q")?.stillConsuming == ["w1@host"])
        // It is told all the same.
        #expect(state.consumers(of: "q").map(\.worker) == ["w1@host", "w2@host"])
    }

    @Test func `how a worker consumes a queue is what it told last`() {
        var state = consumed()

        let told = state.consumers(of: "q")
        #expect(told.map(\.worker) == ["w1@host", "w2@host"])
        #expect(told[0].consumed == ConsumedQueue(name: "q", exchange: "x", routingKey: "k.q"))
        #expect(state.consumes("w1@host", "q", since: 1) == true)
        #expect(state.consumes("w1@host", "q", since: 1.1) == nil)
        tell(&state, "w1@host", [], at: 2)
        #expect(state.consumes("w1@host", "q", since: 1.1) == false)
        #expect(state.consumers(of: "nowhere").isEmpty)
    }

    @Test func `who has not told its queues is known by name`() {
        var state = consumed()
        state.apply(Make.worker(.online, at: 3, on: "w3@host"), receivedAt: 3)

        #expect(state.workersOfUnknownQueues == ["w3@host"])
    }
}
