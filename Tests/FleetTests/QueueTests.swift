import Fleet
import Testing

@Suite struct QueueTests {
    private func consumed(_ names: String...) -> InspectReply {
        .activeQueues(names.map { ConsumedQueue(name: $0) })
    }

    @Test func `queues are found by events, answers and bindings, not mailboxes`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.task(.sent, at: 1, on: "gen1@client") { $0.queue = "sent" }, receivedAt: 1)
        state.apply(consumed("told"), from: "w1@host", receivedAt: 1)
        var info = TaskInfo(id: "x")
        info.exchange = ""
        info.routingKey = "held"
        state.apply(.reserved([info]), from: "w1@host", receivedAt: 1)
        state.apply(
            bindings: [
                QueueBinding(exchange: "b", routingKey: "b", pattern: "", queue: "bound"),
                QueueBinding(
                    exchange: "celery.pidbox", routingKey: "", pattern: "",
                    queue: "w1@host.celery.pidbox"),
                QueueBinding(
                    exchange: "celeryev", routingKey: "worker.#", pattern: "x",
                    queue: "celeryev.123"),
            ], now: 1)
        state.apply(depths: [QueueDepth(name: "read", steps: [1, 0, 0, 0])], now: 1)

        #expect(state.queueNames == ["bound", "held", "read", "sent", "told"])
    }

    @Test func `depth is told by step, with what nobody reads and what is not acknowledged`() throws
    {
        var state = FleetState(startedAt: 0)
        state.apply(
            depths: [
                QueueDepth(name: "q", steps: [3, 0, 2, 1], unreachable: 4, unacked: 5)
            ], now: 10)

        let queue = try #require(state.queue("q"))
        #expect(queue.depth == 6)
        #expect(queue.steps == [3, 0, 2, 1])
        #expect(queue.unreachable == 4)
        #expect(queue.unacked == 5)
        #expect(state.summary(now: 10).queueDepth == 6)
        #expect(state.findings(now: 10).contains { $0.rule == "queue-unreachable" })
    }

    @Test func `the oldest message ages from its sending, or from when it was first seen`() {
        var state = FleetState(startedAt: 0)
        func read(_ steps: [Int], at now: Double) {
            state.apply(depths: [QueueDepth(name: "q", steps: steps)], now: now)
        }
        state.apply(
            Make.task(.sent, "told", at: 4, on: "gen1@client") { $0.queue = "q" }, receivedAt: 4)
        read([1, 0, 0, 1], at: 10)
        #expect(state.queue("q")?.oldestAge == nil)

        state.apply(oldest: [OldestMessage(queue: "q", place: 3, tag: "a")], now: 10)
        read([1, 0, 0, 1], at: 15)
        #expect(state.queue("q")?.oldestAge == 5)

        state.apply(
            oldest: [
                OldestMessage(queue: "q", place: 0, tag: "b", taskID: "told"),
                OldestMessage(queue: "q", place: 3, tag: "a"),
            ], now: 15)
        #expect(state.queue("q")?.oldestAge == 11)

        // The urgent one is taken: the other is the oldest; then another message is.
        read([0, 0, 0, 1], at: 20)
        #expect(state.queue("q")?.oldestAge == 10)
        state.apply(oldest: [OldestMessage(queue: "q", place: 3, tag: "c")], now: 20)
        read([0, 0, 0, 1], at: 21)
        #expect(state.queue("q")?.oldestAge == 1)
        read([0, 0, 0, 0], at: 22)
        #expect(state.queue("q")?.oldestAge == nil)
    }

    @Test func `oldest messages of unknown queues and steps are not kept`() {
        var state = FleetState(startedAt: 0)
        state.apply(depths: [QueueDepth(name: "q", steps: [1])], now: 1)
        state.apply(
            oldest: [
                OldestMessage(queue: "nobody", place: 0, tag: "a"),
                OldestMessage(queue: "q", place: 16, tag: "a"),
                OldestMessage(queue: "q", place: 0, tag: ""),
            ], now: 1)
        #expect(state.queueNames == ["q"])
        #expect(state.queue("q")?.oldestAge == nil)
    }

    @Test func `what lies where nobody reads is kept until it is counted again`() {
        var state = FleetState(startedAt: 0)
        state.apply(depths: [QueueDepth(name: "q", steps: [0])], now: 1)
        state.apply(unreachable: ["q": 2, "nobody": 3])
        state.apply(depths: [QueueDepth(name: "q", steps: [0])], now: 2)
        #expect(state.queue("q")?.unreachable == 2)
        #expect(state.findings(now: 2).contains { $0.rule == "queue-unreachable" })
        state.apply(unreachable: ["q": 0])
        #expect(state.findings(now: 2).isEmpty)
        #expect(state.queueNames == ["q"])
    }

    @Test func `a queue with messages that nobody consumes is found, once consumers are known`() {
        var state = FleetState(startedAt: 0)
        state.apply(Make.worker(.online, at: 0), receivedAt: 0)
        state.apply(depths: [QueueDepth(name: "q", steps: [1])], now: 1)
        #expect(state.queue("q")?.condition == .unknown)
        #expect(!state.findings(now: 1).contains { $0.rule == "queue-unconsumed" })

        state.apply(consumed("other"), from: "w1@host", receivedAt: 2)
        #expect(state.queue("q")?.condition == .unconsumed)
        let found = state.findings(now: 2).first { $0.id == "queue-unconsumed:queue q" }
        #expect(found?.offer?.command == "worker.addConsumer")
        #expect(found?.offer?.workers == [])

        state.apply(consumed("other", "q"), from: "w1@host", receivedAt: 3)
        #expect(state.queue("q")?.condition == .ok)
        #expect(state.queue("q")?.workers == ["w1@host"])
        #expect(!state.findings(now: 3).contains { $0.rule == "queue-unconsumed" })
    }

    @Test func `tasks count for their queue while they wait and run`() throws {
        var state = FleetState(startedAt: 0)
        state.feed([
            Make.task(.sent, "a", at: 1, on: "gen@c"), Make.task(.received, "a", at: 2),
            Make.task(.sent, "b", at: 1, on: "gen@c"), Make.task(.received, "b", at: 2),
            Make.task(.sent, "c", at: 1, on: "gen@c"),
            Make.task(.received, "c", at: 2) { $0.eta = "2030-01-01T00:00:00Z" },
            Make.task(.started, "a", at: 4),
        ])
        var queue = try #require(state.queue("celery"))
        #expect(queue.active == 1)
        #expect(queue.reserved == 1)
        #expect(queue.scheduled == 1)
        #expect(queue.rateIn == 3)
        #expect(queue.rateOut == 3)
        #expect(queue.waitMean == 2)

        state.feed([Make.task(.succeeded, "a", at: 5)])
        queue = try #require(state.queue("celery"))
        #expect(queue.active == 0)
        #expect(queue.runtimeMean == 0.5)
        #expect(recountDifferences(state).isEmpty)
        state.advance(now: 200)
        #expect(state.queue("celery")?.rateOut == 0)
    }

    @Test func `without task-sent the queue follows from the only queue of the worker`() {
        var state = FleetState(startedAt: 0)
        state.apply(consumed("only"), from: "w1@host", receivedAt: 0)
        state.apply(Make.task(.received, at: 1), receivedAt: 1)
        #expect(state.task("u1")?.queue == "only")
        #expect(state.queue("only")?.reserved == 1)

        // The publisher's own word is better.
        state.apply(Make.task(.sent, at: 0.5, on: "gen@c") { $0.queue = "real" }, receivedAt: 2)
        #expect(state.task("u1")?.queue == "real")
        #expect(state.queue("only")?.reserved == 0)
        #expect(state.queue("real")?.reserved == 1)
    }

    @Test func `without task-sent the rate in is what was taken plus what the queue grew by`()
        throws
    {
        var state = FleetState(startedAt: 0)
        state.apply(consumed("q"), from: "w1@host", receivedAt: 0)
        for second in 0...60 {
            let time = Double(second)
            state.apply(Make.task(.received, "u\(second)", at: time), receivedAt: time)
            state.apply(depths: [QueueDepth(name: "q", steps: [second * 2])], now: time)
        }
        let queue = try #require(state.queue("q"))

        #expect(queue.rateOut == 60)
        #expect(abs(try #require(queue.rateIn) - 180) <= 2)
    }

    @Test func `an eta beyond the visibility timeout is a finding while the task is held`() {
        var state = FleetState(startedAt: 0)
        let start = 1_795_460_000.0  // 2026-11-23T18:53:20Z
        state.apply(
            Make.task(.received, at: start) { $0.eta = "2026-11-23T19:53:19+00:00" },
            receivedAt: start)
        #expect(!state.findings(now: start).contains { $0.rule == "eta-beyond-visibility" })
        state.apply(
            Make.task(.received, "u2", at: start) { $0.eta = "2026-11-23T21:53:20+02:00" },
            receivedAt: start)
        #expect(state.findings(now: start).contains { $0.rule == "eta-beyond-visibility" })
        state.apply(Make.task(.started, "u2", at: start + 1), receivedAt: start + 1)
        #expect(!state.findings(now: start).contains { $0.rule == "eta-beyond-visibility" })
    }
}
