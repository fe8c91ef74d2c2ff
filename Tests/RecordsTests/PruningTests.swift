import GRDB
import Ports
import Testing

@testable import Records

@Suite struct PruningTests {
    private let site = TemporarySite()
    private let store: RecordStore

    init() throws { store = try site.open() }

    private func count(_ table: String) async throws -> Int {
        try await store.read("counting") {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0
        }
    }

    @Test func `ended commands go after their time, open ones never`() async throws {
        for number in 1...3 { try await store.begin(number, at: 0) }
        for (number, end) in [(1, 10.0), (2, 11.0)] {
            var record = command(number, stage: .confirmed, at: 0)
            record.endedAt = end
            try await store.update(record, answer: nil, audit: nil)
        }

        #expect(try await store.prune(now: Limits.idempotencySeconds - 0.1) == 0)
        #expect(try await store.prune(now: Limits.idempotencySeconds) == 3)
        #expect(try await store.prune(now: 10 + Limits.commandSeconds) == 1)
        #expect(
            try await store.recentCommands(since: 0, limit: 9).map(\.id) == ["c-2", "c-3"])
    }

    @Test func `sessions, codes, revocations and ended tokens go after their time`() async throws {
        let token = try await store.createToken(
            name: "ops", role: .admin, expiresAt: nil, now: 0, remote: "local", by: "root")
        _ = try await store.openSession(token: token.id, now: 0)
        _ = try await store.makeLoginCode(
            for: "ops", seconds: 60, now: 0, remote: "local", by: "root")
        _ = try await store.begin(
            command(1, at: 0), claim: claim(1), audit: line("task.revoke"),
            revokes: [OpenRevoke(taskID: "t", command: "c-1", at: 0, expiresAt: 70)])

        #expect(try await store.prune(now: 59.9) == 0)
        #expect(try await store.prune(now: 60) == 1)
        #expect(try await store.prune(now: 70) == 1)
        #expect(try await store.prune(now: Limits.sessionIdleSeconds) == 1)
        _ = try await store.revokeToken("ops", now: 100, remote: "local", by: "root")
        #expect(try await store.prune(now: Limits.idempotencySeconds) == 1)
        #expect(try await store.prune(now: 99 + Limits.endedTokenSeconds) == 0)
        #expect(try await store.prune(now: 100 + Limits.endedTokenSeconds) == 1)
        #expect(try await count("tokens") == 0)
    }

    @Test func `trash goes when the broker throws it away`() async throws {
        let trash = TrashRecord(id: "c-1", queue: "mail", by: "ops", at: 0, expiresAt: 70)
        _ = try await store.begin(
            command(1, at: 0), claim: claim(1), audit: line("queue.purge"),
            desired: DesiredState(trash: trash))

        #expect(try await store.prune(now: 69.9) == 0)
        #expect(try await count("trash") == 1)
        #expect(try await store.prune(now: 70) == 1)
        #expect(try await count("trash") == 0)
    }

    @Test func `one call removes a bounded slice`() async throws {
        try await store.begin(1, at: 0)
        try await store.write("filling") { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    INSERT INTO idempotency (principal, key, request, command, created)
                    SELECT 'p', 'k' || i, zeroblob(32), 'c-1', 0 FROM n
                    """, arguments: [Limits.pruneSlice + 1])
        }

        #expect(try await store.prune(now: Limits.idempotencySeconds) == Limits.pruneSlice)
        #expect(try await store.prune(now: Limits.idempotencySeconds) == 1)
        #expect(try await store.prune(now: Limits.idempotencySeconds) == 0)
    }
}
