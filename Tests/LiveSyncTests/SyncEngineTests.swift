import SyncClient
import Testing

@testable import LiveSync

@Suite struct SyncEngineTests {
    @Test func `one batch is one revision, and rows made in it have handles of their own`() {
        var bench = Bench()
        let first = bench.engine.upsert(bench.workers, id: "a", [])
        let second = bench.engine.upsert(bench.workers, id: "b", [])

        let revision = bench.engine.commit(at: 0)

        #expect(first == 2)
        #expect(second == 3)
        #expect(revision == 3)
        #expect(bench.set("a", "state", .text("online")) == 4)
        #expect(bench.engine.handle(of: "a", in: bench.workers) == 2)
    }

    @Test func `equal values are no change`() {
        var bench = Bench()
        bench.set("a", "state", .text("online"))

        #expect(bench.set("a", "state", .text("online")) == nil)
        #expect(bench.engine.revision == 2)
    }

    @Test func `fields that are written one after the other are the same as a list of them`() {
        let (listed, written) = (Bench(), Bench())
        var generator = SeededGenerator(seed: 23)
        var places: [String: RowPlace] = [:]
        for step in 0..<2_000 {
            let id = "r\(generator.below(20))"
            let name = generator.chance(80) ? "name \(generator.below(4))" : nil
            let state = generator.chance(80) ? "S\(generator.below(3))" : nil
            let seen = generator.chance(80) ? Double(generator.below(9)) : nil
            // A number that is not finite is nothing.
            let moment = generator.chance(5) ? .nan : seen
            let count = generator.chance(80) ? generator.below(3) : nil
            let isFlag = generator.chance(50)
            let last = isFlag ? FieldValue(count.map { $0 > 1 }) : FieldValue(count)
            listed.engine.upsert(
                listed.tasks, id: id,
                [
                    FieldUpdate(1, FieldValue(name)), FieldUpdate(2, FieldValue(state)),
                    FieldUpdate(3, FieldValue(moment)), FieldUpdate(4, last),
                ])
            written.engine.upsert(
                written.tasks, id: id, at: &places[id, default: RowPlace()]
            ) { row in
                row.add(name)
                row.add(state)
                row.add(exactly: moment)
                if isFlag { row.add(count.map { $0 > 1 }) } else { row.add(count) }
            }
            if generator.chance(3) {
                listed.engine.remove(listed.tasks, id: id)
                written.engine.remove(written.tasks, id: id)
            }
            listed.engine.commit(at: Milliseconds(step))
            written.engine.commit(at: Milliseconds(step))
        }

        #expect(written.engine.revision == listed.engine.revision)
        let ids = listed.engine.ids(of: listed.tasks)
        #expect(ids.count > 10)
        #expect(written.engine.ids(of: written.tasks) == ids)
        for id in ids {
            for column in 0...4 {
                #expect(
                    listed.engine.value(listed.tasks, id: id, column: column)
                        == written.engine.value(written.tasks, id: id, column: column))
                #expect(
                    listed.engine.revision(listed.tasks, id: id, column: column)
                        == written.engine.revision(written.tasks, id: id, column: column))
            }
        }
        #expect(order(of: written) == order(of: listed))
        #expect(order(of: written).count == ids.count)
    }

    /// The ids of the tasks in the order that is always kept.
    private func order(of bench: Bench) -> [FieldValue] {
        let topic = bench.engine.topics[bench.tasks.index]
        guard let index = topic.tables?.orders[0].index else { return [] }
        var position = OrderIndex.Position(chunk: 0, offset: 0)
        var ids: [FieldValue] = []
        while let slot = index.slot(at: position) {
            ids.append(topic.rows.value(slot, TopicSchema.idColumn))
            position = index.after(position)
        }
        return ids
    }

    @Test func `a replaced row loses the fields that are not named`() {
        let bench = Bench()
        bench.engine.upsert(
            bench.workers, id: "a", [FieldUpdate(1, .text("x")), FieldUpdate(2, .int(3))])
        bench.engine.replace(bench.workers, id: "a", [FieldUpdate(2, .int(4))])
        bench.engine.commit(at: 0)

        #expect(bench.engine.value(bench.workers, id: "a", column: 1) == .absent)
        #expect(bench.engine.value(bench.workers, id: "a", column: 2) == .int(4))
        #expect(bench.engine.value(bench.workers, id: "a", column: 0) == .text("a"))
    }

    @Test func `a new subscription gets a snapshot, then at once a delta`() throws {
        var bench = Bench()
        bench.set("a", "state", .text("online"))
        var session = SyncSession()

        let start = try bench.open(&session)

        #expect(start == .snapshot(.initial))
        #expect(bench.drain(&session).map(\.kind) == ["snap", "delta"])
        #expect(bench.drain(&session).isEmpty)
    }

    @Test func `the first change after quiet goes out at once, the next one waits its time`() throws
    {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: 4)
        _ = bench.drain(&session)
        bench.now += 10_000

        bench.set("a", "active", .int(1))
        #expect(bench.drain(&session).map(\.kind) == ["delta"])
        bench.now += 249
        bench.set("a", "active", .int(2))
        #expect(bench.drain(&session).isEmpty)
        #expect(bench.engine.nextDue(for: session, now: bench.now) == bench.now + 1)
        bench.now += 1
        #expect(bench.drain(&session).map(\.kind) == ["delta"])
        #expect(bench.engine.nextDue(for: session, now: bench.now) == nil)
    }

    @Test(arguments: [(29.0, 35), (30.0, 34), (31.0, 34)])
    func `nobody is told more than thirty times a second`(
        asked: Double, interval: Milliseconds
    ) throws {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: asked)
        _ = bench.drain(&session)
        bench.now += 10_000
        bench.set("a", "active", .int(1))
        #expect(bench.drain(&session).count == 1)

        bench.now += interval - 1
        bench.set("a", "active", .int(2))
        #expect(bench.drain(&session).isEmpty)
        bench.now += 1
        #expect(bench.drain(&session).count == 1)
    }

    @Test func `being told in ticks costs a client none of its deltas`() throws {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: 20)
        _ = bench.drain(&session)
        var received: [Milliseconds] = []

        for tick in 0..<500 {
            bench.now += 20
            bench.set("a", "active", .int(tick))
            received += bench.drain(&session).map { _ in bench.now }
        }

        #expect((198...200).contains(received.count))
        #expect(zip(received, received.dropFirst()).allSatisfy { [40, 60].contains($1 - $0) })
    }

    @Test func `a delta that is later than a tick moves those after it`() throws {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: 4)
        _ = bench.drain(&session)
        bench.now += 1_000
        bench.set("a", "active", .int(1))
        #expect(bench.drain(&session).count == 1)
        bench.now += 250 + bench.engine.limits.lateMilliseconds + 1
        bench.set("a", "active", .int(2))
        #expect(bench.drain(&session).count == 1)
        bench.now += 249
        bench.set("a", "active", .int(3))
        #expect(bench.drain(&session).isEmpty)
        bench.now += 1
        #expect(bench.drain(&session).count == 1)
    }

    @Test func `clients that one late turn has brought together part again`() throws {
        var bench = Bench()
        var (first, second) = (SyncSession(), SyncSession())
        func told(_ session: inout SyncSession, at moment: Milliseconds) -> Bool {
            bench.now = moment
            bench.set("a", "active", .int(Int(moment)))
            return !bench.drain(&session).isEmpty
        }
        try bench.open(&first, frequency: 1)
        _ = bench.drain(&first)
        bench.now = 1_400
        try bench.open(&second, frequency: 1)
        _ = bench.drain(&second)
        #expect(told(&first, at: 2_000))
        #expect(told(&second, at: 2_400))

        // The turns of 3,000 and of 3,400 come late, as one.
        #expect(told(&first, at: 3_450))
        #expect(told(&second, at: 3_450))

        #expect(told(&first, at: 4_000))
        #expect(!told(&second, at: 4_399))
        #expect(told(&second, at: 4_400))
    }

    @Test func `under load everybody is told once a second`() throws {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session, frequency: 20)
        _ = bench.drain(&session)
        bench.engine.slowsDown = true
        bench.set("a", "active", .int(1))
        bench.now += 999
        #expect(bench.drain(&session).isEmpty)
        bench.now += 1
        #expect(bench.drain(&session).count == 1)
    }

    @Test func `a client that does not acknowledge gets two deltas, then one for all it missed`()
        throws
    {
        var bench = Bench()
        var session = SyncSession()
        try bench.open(&session)
        _ = bench.drain(&session)
        var received = 0
        for count in 1...50 {
            bench.now += 1_000
            bench.set("a", "active", .int(count))
            while bench.engine.next(for: &session, now: bench.now) != nil { received += 1 }
        }
        #expect(received == 2)
        #expect(session.isSlow(now: bench.now))

        bench.engine.acknowledge(
            [Acknowledgement(subscription: 1, revision: bench.engine.revision)], for: &session,
            now: bench.now)

        let late = bench.drain(&session)
        #expect(late.count == 1)
        guard case .delta(let part)? = late.first else { return }
        #expect(part.to == bench.engine.revision)
        #expect(!session.isSlow(now: bench.now))
    }

    @Test func `a client resumes where it was, in the same epoch and inside the horizon`() throws {
        var limits = SyncLimits()
        limits.horizonMilliseconds = 600_000
        var bench = Bench(limits)
        bench.set("a", "active", .int(1))
        let position = SyncPosition(epoch: "e", revision: bench.engine.revision)
        for _ in 0..<300 {
            bench.now += 1_000
            bench.set("a", "active", .int(Int(bench.now)))
        }

        var session = SyncSession()
        #expect(try bench.open(&session, since: position) == .delta)
        #expect(bench.drain(&session).map(\.kind) == ["delta"])

        for _ in 0..<360 {
            bench.now += 1_000
            bench.set("a", "active", .int(Int(bench.now)))
        }
        var late = SyncSession()
        #expect(try bench.open(&late, since: position) == .snapshot(.tooOld))
        #expect(bench.drain(&late).map(\.kind) == ["reset too_old", "snap", "delta"])

        var foreign = SyncSession()
        let other = SyncPosition(epoch: "x", revision: bench.engine.revision)
        #expect(try bench.open(&foreign, since: other) == .snapshot(.epochChanged))
        var ahead = SyncSession()
        let future = SyncPosition(epoch: "e", revision: bench.engine.revision + 1)
        #expect(try bench.open(&ahead, since: future) == .snapshot(.ahead))
    }

    @Test func `a client that waits for a quiet topic is never reset`() throws {
        var bench = Bench()
        bench.set("quiet", "active", .int(0))
        var session = SyncSession()
        try bench.open(&session)
        _ = bench.drain(&session)

        for count in 0..<1_500 {
            bench.now += 1_000
            bench.addTask("t\(count)", seen: Double(count))
            bench.engine.commit(at: bench.now)
        }
        bench.set("quiet", "active", .int(1))

        #expect(bench.drain(&session).map(\.kind) == ["delta"])
    }

    @Test func `changes that a client does not see never leave a gap before those it sees`() throws
    {
        var bench = Bench()
        bench.set("a", "state", .text("online"))
        var session = SyncSession()
        try bench.open(&session, filter: .eq("state", .text("online")))
        var table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }
        for count in 0..<100 {
            bench.now += 1_000
            bench.set("b", "active", .int(count))
            #expect(bench.drain(&session).isEmpty)
        }
        #expect(bench.engine.bookmark(for: session) == bench.engine.revision)
        bench.now += 1_000
        bench.set("a", "active", .int(7))
        #expect(bench.engine.bookmark(for: session) == bench.engine.revision - 1)

        for content in bench.drain(&session) { _ = table.apply(content) }

        #expect(table.faults.isEmpty)
        #expect(table.byID["a"]?[2] == .int(7))
        #expect(table.revision == bench.engine.revision)
    }

    @Test func `a resumed client hears at once that it is up to date`() throws {
        var bench = Bench()
        bench.set("a", "active", .int(1))
        var session = SyncSession()

        try bench.open(&session, since: SyncPosition(epoch: "e", revision: bench.engine.revision))

        #expect(bench.drain(&session).map(\.kind) == ["delta"])
    }

    @Test func `a new epoch resets everybody`() throws {
        var bench = Bench()
        bench.set("a", "active", .int(1))
        var session = SyncSession()
        try bench.open(&session)
        _ = bench.drain(&session)

        bench.engine.beginEpoch("f")

        let contents = bench.drain(&session)
        #expect(contents.map(\.kind) == ["reset epoch_changed", "snap", "delta"])
        guard case .snapshot(let part) = contents[1] else { return }
        #expect(part.epoch == "f")
    }

    @Test(arguments: [true, false])
    func `who sees more or less of rows than before cannot go on with them`(isLess: Bool) throws {
        var bench = Bench()
        bench.set("a", "note", .text("secret"))
        let masked = Projection(of: Bench.workers, masked: ["note"])
        let (before, after) =
            isLess ? (Projection.everything, masked) : (masked, Projection.everything)
        var session = SyncSession()
        try bench.open(&session, projection: before)
        guard case .snapshot(let seen)? = bench.drain(&session).first else {
            Issue.record("no snapshot")
            return
        }
        let position = SyncPosition(epoch: seen.epoch, revision: bench.engine.revision)

        var same = SyncSession()
        #expect(try bench.open(&same, since: position, projection: before) == .delta)
        var other = SyncSession()
        let start = try bench.open(&other, since: position, projection: after)
        #expect(start == .snapshot(.roleChanged))
        let contents = bench.drain(&other)
        #expect(contents.map(\.kind) == ["reset role_changed", "snap", "delta"])
        guard case .reset(let notice) = contents[0], case .snapshot(let part) = contents[1] else {
            return
        }
        #expect(notice.epoch == part.epoch && part.epoch != seen.epoch)

        bench.engine.beginEpoch("f")
        var late = SyncSession()
        #expect(
            try bench.open(&late, since: position, projection: after) == .snapshot(.epochChanged))
    }

    @Test func `a role that may not read a topic any more is told, and hears no more`() throws {
        var bench = Bench()
        bench.set("a", "note", .text("secret"))
        var session = SyncSession()
        try bench.open(&session)
        _ = bench.drain(&session)

        let masked = Projection(of: Bench.workers, masked: ["note"])
        bench.engine.restrict(bench.workers, to: masked, for: &session)
        let contents = bench.drain(&session)
        #expect(contents.map(\.kind) == ["reset role_changed", "snap", "delta"])
        guard case .snapshot(let part) = contents[1] else { return }
        #expect(!part.rows.values.contains(.text("secret")))

        bench.engine.restrict(bench.workers, to: nil, for: &session)
        #expect(bench.drain(&session).map(\.kind) == ["reset forbidden"])
        #expect(session.count == 0)
    }

    @Test func `clients of one query share every delta and every part`() throws {
        var limits = SyncLimits()
        limits.frameBytes = 1_000
        var bench = Bench(limits)
        for number in 0..<100 { bench.set("w\(number)", "state", .text("online")) }
        var sessions = Array(repeating: SyncSession(), count: 200)
        for index in sessions.indices {
            try bench.open(&sessions[index])
            _ = bench.drain(&sessions[index])
        }
        let snapshotParts = bench.engine.counters.computed
        #expect(snapshotParts < 20)

        bench.now += 1_000
        bench.set("w1", "active", .int(1))
        for index in sessions.indices { _ = bench.drain(&sessions[index]) }

        #expect(bench.engine.counters.computed == snapshotParts + 1)
    }

    @Test func `laggards share deltas by powers of two`() throws {
        var bench = Bench()
        for number in 0..<200 { bench.set("w\(number)", "active", .int(0)) }
        var sessions = Array(repeating: SyncSession(), count: 300)
        for index in sessions.indices {
            try bench.open(&sessions[index])
            _ = bench.drain(&sessions[index])
            bench.set("w\(index % 200)", "active", .int(index + 1))
        }
        let before = bench.engine.counters.computed
        bench.now += 10_000

        for index in sessions.indices { _ = bench.drain(&sessions[index]) }

        #expect(bench.engine.counters.computed - before <= 14)
    }

    @Test func `snapshots are shared for two seconds`() throws {
        var bench = Bench()
        bench.set("a", "active", .int(1))
        var first = SyncSession()
        try bench.open(&first)
        _ = bench.drain(&first)
        let before = bench.engine.counters.computed

        bench.now += 1_999
        var second = SyncSession()
        try bench.open(&second)
        _ = bench.drain(&second)
        #expect(bench.engine.counters.computed == before + 0)

        bench.now += 1
        var third = SyncSession()
        try bench.open(&third)
        _ = bench.drain(&third)
        #expect(bench.engine.counters.computed > before)
    }

    @Test func `nobody who is slow keeps a part for longer than others may share it`() throws {
        var limits = SyncLimits()
        limits.frameBytes = 1_000
        var bench = Bench(limits)
        for number in 0..<100 { bench.set("w\(number)", "state", .text("online")) }
        var session = SyncSession()
        try bench.open(&session)
        // Taken, and not acknowledged: the client is in the midst of its snapshot.
        weak let early = bench.engine.next(for: &session, now: bench.now)?.frame
        bench.now += 1_500
        weak let late = bench.engine.next(for: &session, now: bench.now)?.frame

        bench.now += 500
        bench.engine.commit(at: bench.now)
        #expect(early != nil && late != nil)
        bench.now += 1_500
        bench.engine.commit(at: bench.now)
        #expect(early == nil && late != nil)
        bench.now += 1_500
        bench.engine.commit(at: bench.now)
        #expect(late == nil)

        let rest = bench.drain(&session).count { $0.kind == "snap" }
        #expect(rest > 2)
    }

    @Test func `the written form of a frame is made once per subscription number`() throws {
        final class Written {}
        let bench = Bench()
        var sessions = Array(repeating: SyncSession(), count: 10)
        var made = 0
        for index in sessions.indices {
            try bench.open(&sessions[index], subscription: index % 2)
            let outgoing = try #require(
                bench.engine.next(for: &sessions[index], now: bench.now))
            _ = outgoing.frame.attachment(for: outgoing.subscription) { _ in
                made += 1
                return Written()
            }
        }

        #expect(made == 2)
    }

    @Test func `revisions cross 2 to the 31 and come no closer to 2 to the 53 than allowed`() async
    {
        var bench = Bench(firstRevision: (1 << 31) - 2)
        for count in 0..<5 { bench.set("a", "active", .int(count)) }
        #expect(bench.engine.revision == (1 << 31) + 3)
        #expect(SyncEngine.lastFirstRevision < 1 << 53)
        _ = Bench(firstRevision: SyncEngine.lastFirstRevision)

        await #expect(processExitsWith: .failure) {
            _ = SyncEngine(
                epoch: "e", firstRevision: SyncEngine.lastFirstRevision + 1, topics: [])
        }
    }
}
