import SyncClient
import Testing

@testable import LiveSync

/// What a projection's rules hide is nowhere: no row, no count, no place, no answer of a query.
@Suite struct RowRuleTests {
    private let mine = Projection(
        of: Bench.tasks, rules: [RowRule(Bench.tasks, "name", [Glob("mine.*")])])

    private func add(_ bench: Bench, _ id: String, _ name: String?, seen: Double) {
        bench.engine.upsert(
            bench.tasks, id: id,
            [FieldUpdate(1, FieldValue(name)), FieldUpdate(3, .double(seen))])
    }

    /// Ten of mine, each behind four of others.
    private func filled() -> Bench {
        let bench = Bench()
        for number in 0..<50 {
            let name = number % 5 == 4 ? "mine.job" : (number % 5 == 3 ? nil : "theirs.job")
            add(bench, "t\(number)", name, seen: Double(number))
        }
        bench.engine.commit(at: 0)
        return bench
    }

    private func open(
        _ bench: Bench, _ session: inout SyncSession, _ mode: WindowMode, limit: Int = 4,
        filter: FilterExpression? = nil
    ) throws {
        try bench.engine.openView(
            ViewRequest(
                subscription: 1, topic: "tasks", filter: filter, limit: limit, mode: mode),
            for: &session, projection: mine, now: bench.now)
    }

    private func take(_ bench: Bench, _ session: inout SyncSession, _ table: inout ClientTable) {
        for content in bench.drain(&session) { _ = table.apply(content) }
    }

    @Test(arguments: [WindowMode.pinned, .follow])
    func `a window has the rows that are shown, and counts no others`(mode: WindowMode) throws {
        var bench = filled()
        var session = SyncSession()
        var table = ClientTable()
        try open(bench, &session, mode)
        take(bench, &session, &table)

        #expect(table.orderedIDs == ["t49", "t44", "t39", "t34"])
        #expect(table.total == .exact(10) && table.before == 0)

        for number in 50..<60 { add(bench, "t\(number)", "theirs.job", seen: Double(number)) }
        bench.engine.commit(at: bench.now)
        bench.now += 2_000
        #expect(bench.drain(&session).isEmpty)

        add(bench, "t60", "mine.other", seen: 60)
        bench.engine.commit(at: bench.now)
        bench.now += 2_000
        take(bench, &session, &table)
        #expect(table.total == .exact(11))
        #expect(table.before == (mode == .pinned ? 1 : 0))
        #expect(table.orderedIDs.first == (mode == .pinned ? "t49" : "t60"))
    }

    @Test func `a pinned row that is mine no more tells nothing of what it became`() throws {
        var bench = filled()
        var session = SyncSession()
        var table = ClientTable()
        try open(bench, &session, .pinned)
        take(bench, &session, &table)
        func change(_ name: String, _ args: String) {
            bench.engine.upsert(
                bench.tasks, id: "t49",
                [FieldUpdate(1, .text(name)), FieldUpdate(4, .text(args))])
            bench.engine.commit(at: bench.now)
            bench.now += 2_000
        }

        change("theirs.now", "secret 1")
        take(bench, &session, &table)
        change("theirs.then", "secret 2")
        take(bench, &session, &table)
        let row = try #require(table.byID["t49"])
        #expect(row[1] == .text("mine.job") && row[4] == nil)
        #expect(table.left.count == 1 && table.total == .exact(9))
        try bench.engine.resync(1, for: &session)
        take(bench, &session, &table)
        #expect(table.byID["t49"] == nil && table.byID.count == 3)

        var second = SyncSession()
        var whole = ClientTable()
        change("mine.again", "mine")
        try open(bench, &second, .pinned)
        take(bench, &second, &whole)
        change("theirs.again", "secret 3")
        take(bench, &second, &whole)
        // What changes while it is hidden is told when it is back.
        bench.engine.upsert(bench.tasks, id: "t49", [FieldUpdate(4, .text("seen at last"))])
        bench.engine.commit(at: bench.now)
        bench.now += 2_000
        #expect(bench.drain(&second).isEmpty)
        bench.engine.upsert(bench.tasks, id: "t49", [FieldUpdate(1, .text("mine.back"))])
        bench.engine.commit(at: bench.now)
        bench.now += 2_000
        take(bench, &second, &whole)
        #expect(whole.byID["t49"]?[1] == .text("mine.back"))
        #expect(whole.byID["t49"]?[4] == .text("seen at last"))
        #expect(whole.left.isEmpty && whole.faults.isEmpty && table.faults.isEmpty)
    }

    @Test
    func `what changed while a rule hid a pinned row is told, though the filter has let it go`()
        throws
    {
        var bench = filled()
        var session = SyncSession()
        var table = ClientTable()
        bench.engine.upsert(bench.tasks, id: "t49", [FieldUpdate(2, .text("ONE"))])
        bench.engine.commit(at: bench.now)
        try open(bench, &session, .pinned, filter: .eq("state", .text("ONE")))
        take(bench, &session, &table)
        #expect(table.orderedIDs == ["t49"])
        for (name, state, args) in [
            ("mine.job", "TWO", "first"), ("theirs.job", "TWO", "first"),
            ("theirs.job", "TWO", "hidden"), ("mine.job", "TWO", "hidden"),
        ] {
            bench.engine.upsert(
                bench.tasks, id: "t49",
                [
                    FieldUpdate(1, .text(name)), FieldUpdate(2, .text(state)),
                    FieldUpdate(4, .text(args)),
                ])
            bench.engine.commit(at: bench.now)
            bench.now += 2_000
            take(bench, &session, &table)
            // As long as it is hidden, a client knows what was before.
            let isHidden = name == "theirs.job"
            #expect(table.byID["t49"]?[4] == .text(isHidden ? "first" : args))
        }
        #expect(table.left.count == 1 && table.faults.isEmpty)
    }

    @Test func `a filter finds nothing that is hidden, whatever it asks`() throws {
        let bench = filled()
        for filter: FilterExpression in [
            .eq("name", .text("theirs.job")), .eq("name", .absent),
            .isIn("name", [.text("theirs.job"), .text("nobody.job")]),
        ] {
            var session = SyncSession()
            var table = ClientTable()
            try open(bench, &session, .follow, filter: filter)
            take(bench, &session, &table)
            #expect(table.order.isEmpty && table.total == .exact(0) && table.next == nil)
        }
    }

    @Test func `a row that becomes one of mine enters, and leaves when it is so no more`() throws {
        var bench = filled()
        var session = SyncSession()
        var table = ClientTable()
        try open(bench, &session, .follow, limit: 50)
        take(bench, &session, &table)

        add(bench, "t0", "mine.now", seen: 0)
        add(bench, "t4", "theirs.now", seen: 4)
        bench.engine.commit(at: bench.now)
        bench.now += 2_000
        take(bench, &session, &table)

        #expect(table.total == .exact(10))
        #expect(table.orderedIDs.contains("t0") && !table.orderedIDs.contains("t4"))
    }

    @Test func `the rows of a whole topic come and go by their rule`() throws {
        var bench = Bench()
        let rule = RowRule(
            Bench.workers, "state", [Glob("on*")], except: [Glob("once")],
            among: ["a", "b", "c", "e"].map { Glob($0) })
        let projection = Projection(of: Bench.workers, rules: [rule])
        for (id, state) in [("a", "online"), ("b", "offline"), ("c", "once")] {
            bench.set(id, "state", .text(state))
        }
        // Of these two, whose state is not known, it judges one.
        for id in ["d", "e"] { bench.set(id, "note", .text("n")) }
        var session = SyncSession()
        var table = ClientTable()
        try bench.open(&session, projection: projection)
        take(bench, &session, &table)
        #expect(table.byID.keys.sorted() == ["a", "d"])

        bench.set("b", "state", .text("online"))
        bench.set("a", "state", .text("offline"))
        bench.set("c", "note", .text("hidden"))
        bench.now += 2_000
        take(bench, &session, &table)
        #expect(table.byID.keys.sorted() == ["b", "d"])
        let topic = bench.workers
        #expect(bench.engine.shows(topic, id: "b", to: projection))
        #expect(!bench.engine.shows(topic, id: "a", to: projection))
        #expect(!bench.engine.shows(topic, id: "x", to: projection))
    }

    @Test func `other rules reset what is open`() throws {
        var bench = filled()
        var session = SyncSession()
        var table = ClientTable()
        try open(bench, &session, .follow, limit: 50)
        take(bench, &session, &table)
        bench.now += 2_000

        let theirs = Projection(
            of: Bench.tasks, rules: [RowRule(Bench.tasks, "name", [Glob("theirs.*")])])
        bench.engine.restrict(bench.tasks, to: theirs, for: &session)
        take(bench, &session, &table)

        #expect(table.resets == [.roleChanged])
        #expect(table.total == .exact(30) && !table.orderedIDs.contains("t49"))
        bench.engine.restrict(
            bench.tasks,
            to: Projection(of: Bench.tasks, rules: [RowRule(Bench.tasks, "name", [])]),
            for: &session)
        take(bench, &session, &table)
        #expect(table.total == .exact(0) && table.order.isEmpty)
    }

    @Test func `a query looks at mine only, and no place of others is told`() throws {
        let bench = filled()
        var request = QueryRequest(topic: "tasks", filter: .contains("*", "job"), limit: 200)
        let all = try bench.engine.query(request, projection: mine)
        all.step(1_000)
        #expect(all.page.rows.count == 10 && all.page.looked == 10 && all.page.next == nil)

        // Ended for lack of time, behind a row of others.
        let some = try bench.engine.query(request, projection: mine)
        some.step(3)
        #expect(some.page.looked == 1 && some.mayEnd)
        let mineAlone = some.page.next
        #expect(mineAlone?.key == .double(49))
        request.after = mineAlone
        let more = try bench.engine.query(request, projection: mine)
        more.step(4)
        #expect(more.page.looked == 0 && !more.mayEnd && more.page.next == mineAlone)
        more.step(1)
        #expect(more.page.looked == 1 && more.mayEnd)
        request.filter = .eq("name", .text("theirs.job"))
        let none = try bench.engine.query(request, projection: mine)
        none.step(1_000)
        #expect(none.page.rows.isEmpty && none.page.looked == 9)
    }

    @Test func `a plan's search finds mine only`() throws {
        let bench = filled()
        let run = try bench.engine.matches(.and([]), in: "tasks", limit: 100, projection: mine)
        run.step(20)
        // Groups of new rows are learned between two steps.
        add(bench, "t60", "mine.late", seen: 0.5)
        bench.engine.commit(at: 1)
        while !run.isDone { run.step(20) }
        #expect(run.ids.count == 11 && run.ids.contains("t60"))
        #expect(!run.ids.contains("t48") && !run.ids.contains("t47"))
    }

    @Test func `events of others are passed over, and those of workers are for everybody`() {
        func event(_ name: String?, _ queue: String?, subject: String? = "t") -> LoggedEvent {
            LoggedEvent(
                type: "task-sent", source: "w@a", subject: subject, name: name, queue: queue,
                receivedAt: 0, happenedAt: 0, payload: [])
        }
        let filter = EventFilter.everything.narrowed(names: [Glob("mine.*")], queues: [Glob("q")])
        #expect(filter.matches(event("mine.a", "q")))
        #expect(!filter.matches(event("mine.a", "p")) && !filter.matches(event("theirs.a", "q")))
        #expect(!filter.matches(event(nil, "q")) && !filter.matches(event("mine.a", nil)))
        #expect(filter.matches(event(nil, nil, subject: nil)))
        #expect(filter != .everything && filter.narrowed(names: nil, queues: nil) == .everything)
    }
}
