import Fleet
import Testing

@Suite struct TaskMovesTests {
    private func sent(_ id: String, exchange: String? = nil) -> FleetState {
        var state = FleetState(startedAt: 0)
        let event = Make.task(.sent, id, at: 1, on: "gen1@client") {
            $0.queue = "old"
            $0.exchange = exchange
            $0.routingKey = exchange == nil ? nil : "a.b"
        }
        state.apply(event, receivedAt: 1)
        return state
    }

    @Test(arguments: [nil, "", "topics"])
    func `a moved task is shown where it waits now`(exchange: String?) throws {
        var state = sent("a", exchange: exchange)
        _ = state.takeChanges()

        state.moved(task: "a", to: "new", priority: 6, now: 5)

        let task = try #require(state.task("a"))
        #expect(task.queue == "new" && task.priority == 6)
        #expect(task.exchange ?? "" == "" && task.routingKey ?? "new" == "new")
        let changes = state.takeChanges()
        #expect(changes.tasks.count == 1)
        // A retry is published by its worker, and tells what is known.
        state.apply(Make.task(.received, "a", at: 7, on: "w1@host"), receivedAt: 7)
        #expect(state.task("a")?.queue == "new")
    }

    @Test func `a task with another priority stays in its queue`() throws {
        var state = sent("a", exchange: "topics")

        state.moved(task: "a", to: nil, priority: 9, now: 5)

        let task = try #require(state.task("a"))
        #expect(task.queue == "old" && task.priority == 9 && task.exchange == "topics")
    }

    @Test func `of an unknown task nothing is made up`() {
        var state = FleetState(startedAt: 0)
        state.moved(task: "a", to: "new", priority: 0, now: 5)
        #expect(state.task("a") == nil)
    }
}
