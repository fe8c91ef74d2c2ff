import SyncClient
import Testing

@testable import LiveSync

@Suite struct WindowTests {
    @Test func `a pinned window keeps its rows, marks those that left and counts newcomers`() throws
    {
        var bench = Bench()
        for number in 0..<5 { bench.addTask("t\(number)", seen: Double(number)) }
        bench.engine.commit(at: bench.now)
        var session = SyncSession()
        try bench.openView(&session, filter: .eq("state", .text("STARTED")), limit: 3)
        var table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.orderedIDs == ["t4", "t3", "t2"])
        #expect(table.total == .exact(5))

        bench.now += 1_000
        bench.addTask("t9", seen: 9)
        bench.engine.upsert(bench.tasks, id: "t3", [FieldUpdate(2, .text("SUCCESS"))])
        bench.engine.remove(bench.tasks, id: "t2")
        bench.engine.commit(at: bench.now)
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.orderedIDs == ["t4", "t3", "t2"])
        #expect(table.left.count == 2)
        #expect(table.before == 1)
        #expect(table.total == .exact(4))

        bench.now += 1_000
        bench.engine.upsert(bench.tasks, id: "t3", [FieldUpdate(2, .text("STARTED"))])
        bench.engine.commit(at: bench.now)
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.left.count == 1)
        #expect(table.faults.isEmpty)
    }

    @Test func `a following window always shows the first rows`() throws {
        var bench = Bench()
        for number in 0..<5 { bench.addTask("t\(number)", seen: Double(number)) }
        bench.engine.commit(at: bench.now)
        var session = SyncSession()
        try bench.openView(&session, limit: 3, mode: .follow)
        var table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }

        bench.now += 1_000
        bench.addTask("t9", seen: 9)
        bench.engine.remove(bench.tasks, id: "t3")
        bench.engine.commit(at: bench.now)
        for content in bench.drain(&session) { _ = table.apply(content) }

        #expect(table.orderedIDs == ["t9", "t4", "t2"])
        #expect(table.before == 0)
        #expect(table.faults.isEmpty)
    }

    @Test func `pages follow one another without gap or overlap`() throws {
        let bench = Bench()
        for number in 0..<250 { bench.addTask("t\(number)", seen: Double(number / 7)) }
        bench.engine.commit(at: bench.now)
        var session = SyncSession()
        try bench.openView(&session, limit: 60)
        var ids: [String] = []
        var pages = 0
        var cursor: SortBound?
        repeat {
            var table = ClientTable()
            for content in bench.drain(&session) { _ = table.apply(content) }
            #expect(table.before == ids.count)
            ids += table.orderedIDs
            cursor = table.next
            pages += 1
            if let cursor {
                try bench.engine.move(
                    1, after: cursor, for: &session, now: Milliseconds(pages * 1_000))
            }
        } while cursor != nil

        #expect(pages == 5)
        #expect(Set(ids).count == 250)
    }

    @Test func `identical windows are computed and encoded once`() throws {
        var bench = Bench()
        for number in 0..<100 { bench.addTask("t\(number)", seen: Double(number)) }
        bench.engine.commit(at: bench.now)
        for mode in WindowMode.allCases {
            var sessions = Array(repeating: SyncSession(), count: 50)
            var snapshots: Set<ObjectIdentifier> = []
            var kept: [SharedFrame] = []
            for index in sessions.indices {
                try bench.openView(&sessions[index], mode: mode)
                let outgoing = try #require(
                    bench.engine.next(for: &sessions[index], now: bench.now))
                kept.append(outgoing.frame)
                snapshots.insert(ObjectIdentifier(outgoing.frame))
                bench.engine.acknowledge(
                    [Acknowledgement(subscription: 1, revision: bench.engine.revision)],
                    for: &sessions[index], now: bench.now)
            }
            #expect(snapshots.count == 1)

            let before = bench.engine.counters.computed
            bench.now += 1_000
            bench.engine.upsert(bench.tasks, id: "t99", [FieldUpdate(2, .text("\(mode)"))])
            bench.engine.commit(at: bench.now)
            for index in sessions.indices { _ = bench.drain(&sessions[index]) }
            #expect(bench.engine.counters.computed == before + 1)
        }
    }

    /// A hundred clients that came one by one, told in ticks of 20 ms, as often as each asked for.
    @Test(arguments: [20.0, 7.0, 4.0])
    func `clients that keep up are sent no row twice, and share their frames`(
        frequency: Double
    ) throws {
        var bench = Bench()
        bench.addTask("t0", seen: 0)
        bench.engine.commit(at: bench.now)
        var sessions = Array(repeating: SyncSession(), count: 100)
        var sights = Array(repeating: [Int: Int](), count: sessions.count)
        var frames: Set<ObjectIdentifier> = []
        var kept: [SharedFrame] = []
        var received = 0
        var made = 0
        for tick in 0..<500 {
            for _ in 0..<3 {
                made += 1
                bench.addTask("t\(made)", seen: Double(made))
            }
            bench.now += 20
            bench.engine.commit(at: bench.now)
            for index in sessions.indices {
                if tick == index {
                    try bench.openView(
                        &sessions[index], limit: 200, mode: .follow, frequency: frequency)
                }
                while let outgoing = bench.engine.next(for: &sessions[index], now: bench.now) {
                    guard case .viewDelta(let part) = outgoing.frame.content else { continue }
                    if frames.insert(ObjectIdentifier(outgoing.frame)).inserted {
                        kept.append(outgoing.frame)
                    }
                    received += 1
                    for handle in part.new.handles { sights[index][handle, default: 0] += 1 }
                    bench.engine.acknowledge(
                        [Acknowledgement(subscription: 1, revision: part.to)],
                        for: &sessions[index], now: bench.now)
                }
            }
        }

        #expect(sights.allSatisfy { $0.values.allSatisfy { $0 == 1 } })
        #expect(received > 90 * Int(frequency) * 8)
        // An interval is no whole number of ticks, so at each tick clients stand at one of two places.
        #expect(kept.count <= 2 * 500)
    }

    @Test func `an order that nobody looks at is let go after its time, and made again`() throws {
        var bench = Bench()
        let tables = try #require(bench.engine.topics[bench.tasks.index].tables)
        for number in 0..<100 {
            bench.addTask("t\(number)", seen: Double(number), state: number < 3 ? "Z" : "A")
        }
        bench.engine.commit(at: bench.now)
        #expect(!tables.orders[1].isKept)

        var session = SyncSession()
        try bench.openView(&session, order: "state", limit: 3, mode: .follow)
        var table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.orderedIDs == ["t2", "t1", "t0"])
        bench.now += 200_000
        bench.addTask("late", seen: 0, state: "Z")
        bench.engine.commit(at: bench.now)
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.orderedIDs == ["late", "t2", "t1"])

        session = SyncSession()
        bench.now += 1_000
        bench.engine.commit(at: bench.now)
        bench.now += bench.engine.limits.orderMilliseconds - 1_000
        bench.engine.commit(at: bench.now)
        #expect(tables.orders[1].isKept)
        bench.now += 1_000
        bench.engine.commit(at: bench.now)
        #expect(!tables.orders[1].isKept)

        bench.addTask("later", seen: 0, state: "Z")
        bench.engine.commit(at: bench.now)
        try bench.openView(&session, order: "state", limit: 3, mode: .follow)
        table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.orderedIDs == ["later", "late", "t2"])
        #expect(table.faults.isEmpty)
    }

    @Test func `under load following windows stand still and catch up afterwards`() throws {
        var bench = Bench()
        bench.addTask("a", seen: 1)
        bench.engine.commit(at: bench.now)
        var session = SyncSession()
        try bench.openView(&session, mode: .follow)
        _ = bench.drain(&session)
        bench.engine.stopsFollowing = true
        bench.now += 1_000
        bench.addTask("b", seen: 2)
        bench.engine.commit(at: bench.now)
        #expect(bench.drain(&session).isEmpty)

        bench.engine.stopsFollowing = false

        #expect(bench.drain(&session).map(\.kind) == ["view.delta"])
    }

    @Test func `whole topics have no windows, and windows are not subscribed to`() {
        let bench = Bench()
        var session = SyncSession()

        #expect(throws: SyncError.self) {
            _ = try bench.engine.open(
                SubscriptionRequest(subscription: 1, topic: "tasks"), for: &session, now: 0)
        }
        #expect(throws: SyncError.self) {
            try bench.engine.openView(
                ViewRequest(subscription: 1, topic: "workers"), for: &session, now: 0)
        }
    }

    @Test func `groups that emptied are forgotten without disturbing anybody`() throws {
        var bench = Bench()
        bench.addTask("stays", seen: 0)
        bench.engine.commit(at: bench.now)
        var session = SyncSession()
        try bench.openView(&session, filter: .eq("name", .text("mail.send")), mode: .follow)
        var table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }

        for number in 0..<3_000 {
            bench.engine.upsert(
                bench.tasks, id: "t",
                [FieldUpdate(1, .text("hostile \(number)")), FieldUpdate(3, .double(1))])
            bench.engine.remove(bench.tasks, id: "t")
        }
        bench.now += 2_000
        bench.engine.commit(at: bench.now)
        bench.addTask("new", seen: 5)
        bench.engine.commit(at: bench.now)
        for content in bench.drain(&session) { _ = table.apply(content) }

        #expect(bench.engine.topics[1].tables?.groups.count ?? .max < 1_100)
        #expect(table.orderedIDs == ["new", "stays"])
        #expect(table.total == .exact(2))
    }
}
