import Fleet
import Synchronization
import Testing

/// Pages of tasks, and of what Flower would show.
@Suite struct TaskPagesTests {
    /// Tasks that end in another order than they came.
    private func fleet(_ count: Int) -> FleetState {
        var state = FleetState(startedAt: 0)
        for number in 0..<count {
            // Three of each moment.
            state.apply(
                Make.task(.received, "u\(number)", at: Double(number / 3)) {
                    $0.name = "t.\(number % 2)"
                }, receivedAt: Double(number / 3))
        }
        for number in stride(from: 0, to: count, by: 2).reversed() {
            state.apply(Make.task(.succeeded, "u\(number)", at: 900), receivedAt: 900)
        }
        return state
    }

    private func all(_ state: FleetState, limit: Int, _ filter: TaskFilter = TaskFilter())
        -> [TaskRecord]
    {
        var found: [TaskRecord] = []
        var after: TaskPlace?
        while true {
            let page = state.taskPage(after: after, limit: limit, filter: filter)
            #expect(page.tasks.count == limit || !page.hasMore)
            found += page.tasks
            guard page.hasMore, let last = page.tasks.last else { return found }
            after = TaskPlace(seen: last.seen, id: last.id)
        }
    }

    @Test(arguments: [1, 2, 7, 29, 30, 31])
    func `pages of any size name each task once, the newest first`(limit: Int) {
        let tasks = all(fleet(30), limit: limit)

        #expect(tasks.count == 30)
        #expect(Set(tasks.map(\.id)).count == 30)
        let places = tasks.map { ($0.seen, $0.id) }
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func `a task that ends between two pages is named once`() throws {
        var state = fleet(30)
        let first = state.taskPage(after: nil, limit: 10)
        for number in 0..<30 {
            state.apply(Make.task(.succeeded, "u\(number)", at: 901), receivedAt: 901)
        }
        let last = try #require(first.tasks.last)
        let rest = state.taskPage(after: TaskPlace(seen: last.seen, id: last.id), limit: 100)

        let ids = (first.tasks + rest.tasks).map(\.id)
        #expect(Set(ids).count == 30)
        #expect(ids.count == 30)
    }

    @Test func `filters choose by state, name, worker and queue`() {
        let state = fleet(30)
        var filter = TaskFilter()
        filter.states = ["SUCCESS"]
        #expect(all(state, limit: 4, filter).count == 15)
        filter.states = ["RECEIVED", "SUCCESS"]
        filter.name = "t.1"
        #expect(all(state, limit: 4, filter).count == 15)
        filter.worker = "other@host"
        #expect(all(state, limit: 4, filter).isEmpty)
        filter.worker = "w1@host"
        #expect(all(state, limit: 4, filter).count == 15)
        filter.queue = "none"
        #expect(all(state, limit: 4, filter).isEmpty)
    }

    /// Counts how often it is asked.
    private final class Judge: Sendable {
        let asked = Mutex(0)

        func shows(_ text: String?, _ wanted: Set<String>) -> Bool {
            asked.withLock { $0 += 1 }
            return text.map { wanted.contains($0) } ?? false
        }
    }

    /// Names beyond the table's bound have no number: they are remembered by their text.
    @Test(arguments: [0, 3, 100])
    func `what may be shown is asked once for each name and queue`(names: Int) {
        var limits = FleetLimits()
        limits.names = names
        var state = FleetState(limits: limits, startedAt: 0)
        for number in 0..<20_000 {
            state.apply(
                Make.task(.sent, "u\(number)", at: 1, on: "gen@c") {
                    $0.name = number % 20 == 19 ? nil : "t\(number % 20)"
                    $0.queue = "q\(number % 7)"
                }, receivedAt: 1)
        }
        let judge = Judge()
        var filter = TaskFilter()
        filter.showsName = { judge.shows($0, ["t3", "t4"]) }
        filter.showsQueue = { judge.shows($0, ["q1"]) }

        let page = state.taskPage(after: nil, limit: 1_000, filter: filter)

        let wanted = (0..<20_000).filter { number in
            let name = number % 20
            return (name == 3 || name == 4) && number % 7 == 1
        }
        let ids = Set(page.tasks.map(\.id))
        #expect(ids == Set(wanted.map { "u\($0)" }))
        #expect(!page.hasMore)
        // 19 names, one that is not known, and 7 queues.
        #expect(judge.asked.withLock { $0 } == 27)
    }

    @Test func `answers about names are remembered up to a bound`() {
        var limits = FleetLimits()
        limits.names = 0
        var state = FleetState(limits: limits, startedAt: 0)
        for number in 0..<2 * 4_097 {
            state.apply(
                Make.task(.received, "u\(number)", at: 1) { $0.name = "t\(number % 4_097)" },
                receivedAt: 1)
        }
        let judge = Judge()
        var filter = TaskFilter()
        filter.showsName = { judge.shows($0, ["t7"]) }

        #expect(state.taskPage(after: nil, limit: 10, filter: filter).tasks.count == 2)
        // One name more than is remembered is asked about each time.
        #expect(judge.asked.withLock { $0 } == 4_096 + 2)
    }

    @Test(arguments: [1, 3, 19, 20, 21])
    func `pages of the flower view name each kept task once`(limit: Int) {
        var flower = FlowerState(maximumTasks: 20)
        for number in 0..<30 {
            flower.apply(
                Make.task(.received, "u\(number)", at: Double(number)) {
                    // Each fifth asks for its parent, which refreshes it.
                    if number % 5 == 4 { $0.parentID = "u\(number - 2)" }
                }, receivedAt: Double(number))
        }

        var ids: [String] = []
        var next: Int? = 0
        while let after = next {
            let page = flower.page(after: after, limit: limit)
            ids += page.tasks.map(\.uuid)
            next = page.next
        }
        #expect(ids.count == 20)
        #expect(Set(ids) == Set(flower.taskIDs))
    }

    @Test func `a child that left the flower view is nobody's child`() throws {
        var flower = FlowerState(maximumTasks: 2)
        flower.apply(Make.task(.received, "parent", at: 1), receivedAt: 1)
        flower.apply(Make.task(.received, "child", at: 2) { $0.parentID = "parent" }, receivedAt: 2)
        #expect(try #require(flower.task("parent")).children == ["child"])

        flower.apply(Make.task(.received, "other", at: 3), receivedAt: 3)

        // Its child's birth refreshed the parent, so the child leaves first.
        let order = flower.page(after: 0, limit: 9).tasks.map(\.uuid)
        #expect(order == ["parent", "other"])
        #expect(try #require(flower.task("parent")).children.isEmpty)
    }

    @Test func `a retried child that left the flower view is nobody's child either`() throws {
        var flower = FlowerState(maximumTasks: 2)
        flower.apply(Make.task(.received, "child", at: 1) { $0.parentID = "parent" }, receivedAt: 1)
        flower.apply(Make.task(.received, "parent", at: 2), receivedAt: 2)
        // A retried task names itself as its parent.
        flower.apply(Make.task(.received, "child", at: 3) { $0.parentID = "child" }, receivedAt: 3)
        #expect(try #require(flower.task("parent")).children == ["child"])
        #expect(try #require(flower.task("child")).children == ["child"])

        flower.apply(Make.task(.started, "parent", at: 4) { $0.parentID = "other" }, receivedAt: 4)
        flower.apply(Make.task(.received, "other", at: 5), receivedAt: 5)
        flower.apply(Make.task(.received, "last", at: 6), receivedAt: 6)

        #expect(flower.task("child") == nil)
        #expect(flower.task("parent") == nil)
        #expect(try #require(flower.task("other")).children.isEmpty)
    }
}
