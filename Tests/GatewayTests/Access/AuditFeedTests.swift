import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// The audit as a topic and as pages.
@Suite struct AuditFeedTests {
    init() { EventLoop.shared.startThread() }

    private func entry(_ action: String) -> AuditEntry {
        AuditEntry(
            at: 1, principal: "ada", remote: "192.0.2.1", action: action, outcome: "refused")
    }

    private func write(_ count: Int, to records: Lonely.NoRecords) async throws {
        for number in 0..<count { try await records.append(entry("a\(number)")) }
    }

    @LoopActor private func ids(_ gateway: Gateway) -> [Int] {
        gateway.rows.engine.ids(of: gateway.rows.audit).compactMap { Int($0) }.sorted()
    }

    @Test(arguments: [
        (0, 0...0), (1, 1...1), (500, 1...500), (501, 2...501), (1_700, 1_201...1_700),
    ])
    @LoopActor func `the newest lines are rows, whether they were there or come later`(
        count: Int, kept: ClosedRange<Int>
    ) async throws {
        let before = Lonely.NoRecords()
        try await write(count, to: before)
        let (early, _) = try Lonely.gateway(records: before)
        let after = Lonely.NoRecords()
        let (late, _) = try Lonely.gateway(records: after)
        await late.auditFeed.load()
        try await write(count, to: after)

        await early.auditFeed.load()
        late.auditFeed.note()
        while ids(late).last ?? 0 != count { await LoopTimer.sleep(.milliseconds(1)) }

        #expect(AuditFeed.rowLimit == 500)
        #expect(ids(early) == (count == 0 ? [] : Array(kept)))
        #expect(ids(late) == ids(early))
    }

    @Test @LoopActor func `a refusal is a row at once, and its empty fields are absent`()
        async throws
    {
        let (gateway, sockets) = try Lonely.gateway()
        let talk = try await Talk(gateway, sockets, token: "admin")
        _ = try await talk.ask("sub.open", ["sub": 1, "topic": "audit", "maxHz": 60])

        await gateway.audit.refused(entry("queue.purge"), principal: "1")

        let row = try await talk.until {
            let delta = try talk.frames.last { $0["method"] == "sub.delta" }
            return delta?["params"]?["new"]?.array?.first?.array?.last
        }
        #expect(
            row == [
                "id": "1", "at": .number(1), "by": "ada", "from": "192.0.2.1",
                "action": "queue.purge", "outcome": "refused",
            ], "\(row.text())")
    }

    // MARK: - Pages

    @LoopActor private func get(_ query: String, _ gateway: Gateway) async throws -> (
        status: Int, body: JsonValue
    ) {
        let answer = await gateway.respond(
            to: HttpRequest(
                method: "GET", path: "/api/celery/audit", query: query,
                headers: ["authorization": "Bearer admin"]))
        return (answer.status, try JsonReader.parse(answer.body, limits: .client))
    }

    @Test @LoopActor func `pages follow each other and name each line once`() async throws {
        let records = Lonely.NoRecords()
        try await write(7, to: records)
        let (gateway, _) = try Lonely.gateway(records: records)

        var found: [String] = []
        var query = "limit=3"
        while true {
            let page = try await get(query, gateway).body
            found += (page["audit"]?.array ?? []).compactMap { $0["id"]?.string }
            // What is written meanwhile moves no page.
            try await records.append(entry("late"))
            guard let next = page["next"]?.string else { break }
            query = "limit=3&after=\(next)"
        }

        #expect(found == ["7", "6", "5", "4", "3", "2", "1"])
    }

    @Test(arguments: [
        ("limit=0", 400), ("limit=1", 200), ("limit=1000", 200), ("limit=1001", 400),
        ("after=0", 400), ("after=-1", 400), ("after=1", 200), ("after=x", 400),
        ("after=9223372036854775808", 400), ("find=x", 400), ("limit=1&limit=1", 400), ("", 200),
    ])
    @LoopActor func `a page is asked for within its bounds`(query: String, status: Int) async throws
    {
        let (gateway, _) = try Lonely.gateway()

        #expect(try await get(query, gateway).status == status)
    }
}
