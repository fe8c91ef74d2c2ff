import Testing

@testable import LiveSync

/// Whoever is not looked at must not miss anything: that is what an outlook promises.
@Suite struct OutlookTests {
    @Test func `a client that was told everything waits for its topic`() throws {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: 4)
        _ = bench.drain(&session)

        // Its pace first: a change before does not matter.
        let soon = bench.engine.outlook(for: session, now: bench.now)
        #expect(soon.at == bench.now + 250 && soon.topics.isEmpty)
        bench.now += 250
        let quiet = bench.engine.outlook(for: session, now: bench.now)
        #expect(quiet.at == nil)
        let before = bench.engine.revision
        bench.set("a", "state", .text("online"))
        #expect(quiet.topics == bench.engine.topicsChanged(since: before))
        #expect(bench.engine.outlook(for: session, now: bench.now).at == bench.now)
    }

    @Test func `without credit only an acknowledgement counts`() throws {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: 20)
        _ = bench.drain(&session)
        var last = 0
        for turn in 0..<3 {
            bench.now += 1_000
            last = bench.set("a", "active", .int(turn)) ?? 0
            while bench.engine.next(for: &session, now: bench.now) != nil {}
        }

        #expect(bench.engine.outlook(for: session, now: bench.now + 5_000) == Outlook())
        bench.engine.acknowledge(
            [Acknowledgement(subscription: 1, revision: last)], for: &session, now: bench.now)
        #expect(bench.engine.outlook(for: session, now: bench.now).at != nil)
    }

    @Test func `an engine has as many topics as a set`() {
        let schemas = (0..<TopicSet.limit).map {
            TopicSchema(name: "t\($0)", kind: .whole, fields: ["a"])
        }
        let engine = SyncEngine(epoch: "e", topics: schemas)
        engine.upsert(engine.topic(named: "t62"), id: "a", [])
        engine.commit(at: 0)

        var numbers: [Int] = []
        engine.topicsChanged(since: 1).forEachNumber { numbers.append($0) }
        #expect(numbers == [62])
        #expect(!engine.topicsChanged(since: 1).contains(.extra))
    }

    @Test(arguments: 1...10)
    func `nothing is due before the outlook says so`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var bench = Bench()
        var sessions = (0..<6).map { _ in SyncSession() }
        var outlooks = sessions.map { _ in Outlook() }
        var looked = 0
        var left = 0
        for index in sessions.indices {
            let frequency = [20.0, 4, 1][index % 3]
            try bench.open(&sessions[index], frequency: frequency)
            try bench.openView(
                &sessions[index], subscription: 2, order: index < 3 ? nil : "state", limit: 5,
                mode: index % 2 == 0 ? .follow : .pinned, frequency: frequency)
            outlooks[index] = Outlook(at: 0)
        }
        for step in 0..<600 {
            bench.now += Milliseconds(random.below(60))
            let before = bench.engine.revision
            if random.chance(50) {
                bench.engine.upsert(
                    bench.workers, id: "w\(random.below(4))", [FieldUpdate(2, .int(step))])
            }
            if random.chance(30) {
                bench.addTask(
                    "t\(random.below(30))", seen: Double(random.below(30)),
                    state: ["STARTED", "SUCCESS"][random.below(2)])
            }
            bench.engine.commit(at: bench.now)
            let changed = bench.engine.topicsChanged(since: before)
            for index in sessions.indices {
                let isWoken =
                    outlooks[index].at.map { $0 <= bench.now } ?? false
                    || !outlooks[index].topics.isDisjoint(with: changed)
                guard isWoken else {
                    let due = bench.engine.nextDue(for: sessions[index], now: bench.now)
                    #expect(due.map { $0 > bench.now } ?? true, "step \(step), client \(index)")
                    left += 1
                    continue
                }
                looked += 1
                // Some acknowledge at once, some after a while.
                if random.chance(70) {
                    _ = bench.drain(&sessions[index])
                } else {
                    while bench.engine.next(for: &sessions[index], now: bench.now) != nil {}
                    bench.engine.acknowledge(
                        [1, 2].map { Acknowledgement(subscription: $0, revision: before) },
                        for: &sessions[index], now: bench.now)
                }
                outlooks[index] = bench.engine.outlook(for: sessions[index], now: bench.now)
                #expect(outlooks[index].at != bench.now, "a client that has everything rests")
            }
        }
        #expect(looked > 100 && left > 100)
    }
}
