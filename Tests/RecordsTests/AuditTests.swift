import Foundation
import GRDB
import Ports
import Testing

@testable import Records

@Suite struct AuditTests {
    private func filled(_ site: TemporarySite, lines count: Int) async throws -> RecordStore {
        let store = try site.open()
        for number in 1...count { try await store.append(line("a\(number)", at: Double(number))) }
        return store
    }

    @Test func `lines come back in order and in pages`() async throws {
        let store = try await filled(TemporarySite(), lines: 5)

        let first = try await store.lines(after: 0, limit: 2)
        let rest = try await store.lines(after: 2, limit: 1000)

        #expect(first.map(\.sequence) == [1, 2])
        #expect(first.first?.entry == line("a1", at: 1))
        #expect(rest.map(\.entry.action) == ["a3", "a4", "a5"])
    }

    @Test func `the newest lines come first, in pages backwards`() async throws {
        let store = try await filled(TemporarySite(), lines: 5)

        let first = try await store.newestLines(before: nil, limit: 2)
        let rest = try await store.newestLines(before: 4, limit: 1000)

        #expect(first.map(\.sequence) == [5, 4])
        #expect(first.first?.entry == line("a5", at: 5))
        #expect(rest.map(\.entry.action) == ["a3", "a2", "a1"])
        #expect(try await store.newestLines(before: 1, limit: 2).isEmpty)
    }

    @Test func `an untouched audit is intact, an empty one too`() async throws {
        let site = TemporarySite()

        #expect(try await site.open().verify() == .intact(lines: 0))
        #expect(try await filled(site, lines: 1200).verify() == .intact(lines: 1200))
    }

    @Test func `lines of two processes make one chain`() async throws {
        let site = TemporarySite()
        let gateway = try site.open(.gateway)
        let tool = try site.open(.tool)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                let store = number.isMultiple(of: 2) ? gateway : tool
                group.addTask { try await store.append(line("a\(number)")) }
            }
            try await group.waitForAll()
        }

        #expect(try await gateway.verify() == .intact(lines: 40))
    }

    @Test func `the table itself refuses changes and deletions`() async throws {
        let store = try await filled(TemporarySite(), lines: 3)

        for sql in ["UPDATE audit SET detail = 'x'", "DELETE FROM audit WHERE sequence = 3"] {
            let refusal = await #expect(throws: RecordsError.self) {
                try await store.write("tampering") { try $0.execute(sql: sql) }
            }
            #expect(refusal?.message.contains("append-only") == true)
        }
        #expect(try await store.verify() == .intact(lines: 3))
    }

    @Test(arguments: [
        ("UPDATE audit SET principal = 'eve' WHERE sequence = 4", Int64(4)),
        ("UPDATE audit SET at = at + 1 WHERE sequence = 6", 6),
        ("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 2", 2),
        // The same bytes over another border between two fields.
        (
            """
            UPDATE audit SET principal = 'op', remote = 's127.0.0.1' WHERE sequence = 3
            """, 3
        ),
        ("DELETE FROM audit WHERE sequence = 5", 5), ("DELETE FROM audit WHERE sequence = 1", 1),
        ("DELETE FROM audit WHERE sequence = 10", 10), ("DELETE FROM audit", 1),
    ])
    func `what was changed behind its back is found`(sql: String, place: Int64) async throws {
        let store = try await filled(TemporarySite(), lines: 10)
        try await store.write("tampering") { db in
            try db.execute(sql: "DROP TRIGGER auditNeverChanges; DROP TRIGGER auditKeepsItsLines")
            try db.execute(sql: sql)
        }

        #expect(try await store.verify() == .broken(at: place))
    }

    @Test func `the oldest lines go beyond the bound, and the rest stays a chain`() async throws {
        let store = try await filled(TemporarySite(), lines: 12)

        let none = try await store.prune(now: 100, auditLines: 12)
        let removed = try await store.prune(now: 100, auditLines: 7)
        try await store.append(line("later"))

        #expect(none == 0)
        #expect(removed == 5)
        #expect(try await store.lines(after: 0, limit: 100).map(\.sequence) == Array(6...13))
        #expect(try await store.verify() == .intact(lines: 8))
    }

    @Test func `lines go on where they were even if all are gone`() async throws {
        let store = try await filled(TemporarySite(), lines: 3)

        _ = try await store.prune(now: 100, auditLines: 0)
        try await store.append(line("later"))

        #expect(try await store.lines(after: 0, limit: 100).map(\.sequence) == [4])
        #expect(try await store.verify() == .intact(lines: 1))
    }

    @Test func `hostile texts are cut and made visible, never refused`() async throws {
        let store = try TemporarySite().open()
        var hostile = line("a\u{0}b")
        hostile.target = String(repeating: "é", count: 5000)

        try await store.append(hostile)

        let kept = try #require(try await store.lines(after: 0, limit: 1).first).entry
        #expect(kept.action == "a\u{2400}b")
        #expect(kept.target.utf8.count <= Limits.sentenceBytes)
        #expect(kept.target.hasSuffix("é…"))
        #expect(try await store.verify() == .intact(lines: 1))
        await #expect(throws: RecordsError.self) { try await store.append(line("a", at: .nan)) }
    }
}
