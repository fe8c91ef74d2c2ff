import SyncClient
import Testing

@testable import LiveSync

/// Every bound of `SyncLimits`, at the bound and one beyond.
@Suite struct SyncLimitsTests {
    @Test func `a session opens 32 subscriptions, not 33`() throws {
        let bench = Bench()
        var session = SyncSession()
        for number in 1...32 { try bench.open(&session, subscription: number) }

        #expect(code { try bench.open(&session, subscription: 33) } == .full)
        #expect(code { try bench.open(&session, subscription: 32) } == .conflict)
    }

    @Test func `a topic that is not there is refused with those that are`() {
        let bench = Bench()
        var session = SyncSession()

        #expect {
            try bench.engine.open(
                SubscriptionRequest(subscription: 1, topic: "nosuch"), for: &session, now: 0)
        } throws: {
            let message = ($0 as? SyncError)?.message ?? ""
            return message.contains("nosuch") && message.contains("workers")
                && !message.contains("tasks")
        }
    }

    @Test func `a session opens 8 windows, not 9`() throws {
        let bench = Bench()
        var session = SyncSession()
        for number in 1...8 { try bench.openView(&session, subscription: number) }

        #expect(code { try bench.openView(&session, subscription: 9) } == .full)
        try bench.open(&session, subscription: 9)
    }

    @Test func `a window has 200 rows, not 201`() throws {
        let bench = Bench()
        for number in 0..<300 { bench.addTask("t\(number)", seen: Double(number)) }
        bench.engine.commit(at: 0)
        var session = SyncSession()

        try bench.openView(&session, limit: 200)
        #expect(code { try bench.openView(&session, subscription: 2, limit: 201) } == .badFilter)
        #expect(code { try bench.openView(&session, subscription: 2, limit: 0) } == .badFilter)

        var table = ClientTable()
        for content in bench.drain(&session) { _ = table.apply(content) }
        #expect(table.order.count == 200)
        #expect(table.total == .exact(300))
    }

    @Test func `an instance has as many distinct windows as allowed, no more`() throws {
        var limits = SyncLimits()
        limits.windows = 3
        let bench = Bench(limits)
        var sessions = Array(repeating: SyncSession(), count: 5)
        for number in 0..<3 {
            try bench.openView(&sessions[number], filter: .eq("state", .int(number)))
        }

        #expect(code { try bench.openView(&sessions[3], filter: .eq("state", .int(3))) } == .limit)
        try bench.openView(&sessions[4], filter: .eq("state", .int(2)))
        sessions[0] = SyncSession()
        try bench.openView(&sessions[3], filter: .eq("state", .int(3)))
    }

    @Test func `an instance has as many distinct filters as allowed, no more`() throws {
        var limits = SyncLimits()
        limits.queries = 2
        let bench = Bench(limits)
        var sessions = Array(repeating: SyncSession(), count: 3)
        for number in 0..<2 { try bench.open(&sessions[number], filter: .eq("id", .int(number))) }

        #expect(code { try bench.open(&sessions[2], filter: .eq("id", .int(2))) } == .limit)
        try bench.open(&sessions[2], filter: .eq("id", .int(1)))
    }

    @Test func `a session moves its windows five times a second`() throws {
        let bench = Bench()
        var session = SyncSession()
        try bench.openView(&session)
        for _ in 0..<5 { try bench.engine.move(1, after: nil, for: &session, now: 100) }

        #expect(code { try bench.engine.move(1, after: nil, for: &session, now: 1_099) } == .limit)
        try bench.engine.move(1, after: nil, for: &session, now: 1_100)
    }

    @Test func `a full topic refuses rows and counts them`() {
        var limits = SyncLimits()
        limits.wholeTopicRows = 2
        let bench = Bench(limits)
        #expect(bench.engine.upsert(bench.workers, id: "a", []) != nil)
        #expect(bench.engine.upsert(bench.workers, id: "b", []) != nil)

        #expect(bench.engine.upsert(bench.workers, id: "c", []) == nil)
        #expect(bench.engine.upsert(bench.workers, id: "a", []) != nil)
        bench.engine.remove(bench.workers, id: "a")
        #expect(bench.engine.upsert(bench.workers, id: "c", []) != nil)
        #expect(bench.engine.counters.rowsRefused == 1)
    }

    @Test func `an id has at most 1,024 bytes`() {
        let bench = Bench()
        let longest = String(repeating: "i", count: 1_024)

        #expect(bench.engine.upsert(bench.workers, id: longest, []) != nil)
        #expect(bench.engine.upsert(bench.workers, id: longest + "i", []) == nil)
    }

    @Test func `a field that would push its row beyond a frame becomes absent`() {
        var bench = Bench()
        // 48 KiB, less the row's own and its id: what is left for the text of one field.
        let overhead = 24 + ("id".utf8.count + 4 + 3) + ("note".utf8.count + 4 + 2)
        let longest = String(repeating: "n", count: 48 * 1_024 - overhead)
        bench.set("a", "note", .text(longest))
        #expect(bench.engine.value(bench.workers, id: "a", column: 3) == .text(longest))

        bench.set("a", "note", .text(longest + "n"))
        #expect(bench.engine.value(bench.workers, id: "a", column: 3) == .absent)
        bench.set("a", "note", .text(String(repeating: "\u{1}", count: 10_000)))
        #expect(bench.engine.value(bench.workers, id: "a", column: 3) == .absent)
        #expect(bench.engine.counters.fieldsRefused == 2)
    }

    @Test func `beyond its tombstones a topic cannot be resumed`() throws {
        var limits = SyncLimits()
        limits.tombstones = 2
        var bench = Bench(limits)
        for id in ["a", "b", "c"] { bench.set(id, "active", .int(1)) }
        let position = SyncPosition(epoch: "e", revision: bench.engine.revision)
        for id in ["a", "b"] {
            bench.engine.remove(bench.workers, id: id)
            bench.engine.commit(at: bench.now)
        }

        var session = SyncSession()
        try bench.open(&session, since: position)
        #expect(bench.drain(&session).map(\.kind) == ["delta"])
        bench.engine.remove(bench.workers, id: "c")
        bench.engine.commit(at: bench.now)
        var late = SyncSession()
        try bench.open(&late, since: position)
        #expect(bench.drain(&late).map(\.kind) == ["reset too_old", "snap", "delta"])
    }

    @Test func `a delta of more than half of the topic becomes a snapshot`() throws {
        var limits = SyncLimits()
        limits.resetFloorBytes = 1_000
        var bench = Bench(limits)
        for number in 0..<100 { bench.set("w\(number)", "state", .text("a state of a worker")) }
        var session = SyncSession()
        try bench.open(&session)
        _ = bench.drain(&session)
        bench.now += 1_000
        for number in 0..<100 {
            bench.engine.upsert(
                bench.workers, id: "w\(number)",
                [FieldUpdate(1, .text("another state of it")), FieldUpdate(2, .int(number))])
        }
        bench.engine.commit(at: bench.now)

        #expect(bench.drain(&session).map(\.kind) == ["reset too_large", "snap", "delta"])
    }

    @Test func `a frame keeps the written form for sixteen numbers`() {
        final class Written {}
        let frame = SharedFrame(.reset(ResetNotice(reason: .resync, epoch: "e")))
        var made = 0
        for number in [Array(0...16), Array(0...16)].joined() {
            _ = frame.attachment(for: number) { _ in
                made += 1
                return Written()
            }
        }

        #expect(made == SharedFrame.attachmentLimit + 2)
    }

    @Test func `no part of a snapshot or delta is larger than its limit`() throws {
        let bench = Bench()
        for number in 0..<2_000 {
            bench.engine.upsert(
                bench.workers, id: "worker-\(number)",
                [FieldUpdate(3, .text(String(repeating: "x\n\u{1}", count: number % 90)))])
        }
        bench.engine.commit(at: bench.now)
        var session = SyncSession()
        try bench.open(&session)
        var parts = 0
        for content in bench.drain(&session) {
            guard case .snapshot(let part) = content else { continue }
            parts += 1
            #expect(part.rows.estimatedBytes <= bench.engine.limits.frameBytes)
        }
        #expect(parts > 5)
    }

    private func code(_ body: () throws -> Void) -> SyncError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? SyncError)?.code
        }
    }
}
