import GRDB
import Ports
import Testing

@testable import Records

@Suite struct TrashTests {
    private let site = TemporarySite()
    private let store: RecordStore

    init() throws { store = try site.open() }

    private func begin(_ number: Int, _ trash: TrashRecord) async throws {
        _ = try await store.begin(
            command(number), claim: claim(number), audit: line("queue.purge"),
            desired: DesiredState(trash: trash))
    }

    private func trash(_ number: Int, expires: Double = 2000) -> TrashRecord {
        TrashRecord(
            id: "c-\(number)", queue: "m\u{fc}ll", by: "ops", at: 1000 + Double(number),
            expiresAt: expires)
    }

    @Test func `what was purged is known over a restart, until it expires`() async throws {
        try await begin(2, trash(2))
        try await begin(1, trash(1, expires: 1500))
        try store.close()

        let reopened = try site.open()
        #expect(try await reopened.trash(now: 1499) == [trash(1, expires: 1500), trash(2)])
        #expect(try await reopened.trash(now: 1500) == [trash(2)])
    }

    @Test func `what is left of it is recorded, and nothing of a row that is gone`() async throws {
        try await begin(1, trash(1))
        try await begin(2, trash(2))
        var known = trash(1)
        known.counts = [4, 0, 2, 1]
        known.left = [4, 0, 0, 1]
        try await store.update(known)
        #expect(try await store.trash(now: 1000) == [known, trash(2)])

        try await store.forgetTrash(of: ["c-1", "never heard of"])
        try await store.update(known)

        #expect(try await store.trash(now: 1000) == [trash(2)])
    }

    @Test func `a purge that is not recorded leaves no trash`() async throws {
        try await begin(1, trash(1))

        // The same key again, for a command of another id.
        let again = try await store.begin(
            command(2), claim: claim(1), audit: line("queue.purge"),
            desired: DesiredState(trash: trash(2)))

        #expect(again == .duplicate(command(1), answer: nil))
        #expect(try await store.trash(now: 1000).map(\.id) == ["c-1"])
    }

    @Test func `purges that can be restored are bounded, expired ones do not count`() async throws {
        try await store.write("filling") { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    INSERT INTO trash SELECT 'old-' || i, 'q', 'ops', 0, 1500, NULL, NULL FROM n
                    """, arguments: [Limits.trash])
        }
        try await begin(1, trash(1))

        let refusal = await #expect(throws: RecordsError.self) { try await begin(2, trash(2)) }

        #expect(refusal?.code == .overloaded)
        #expect(try await store.trash(now: 1000).count == Limits.trash)
        #expect(try await store.recentCommands(since: 0, limit: 9).map(\.id) == ["c-1"])
        _ = try await store.begin(
            command(3, at: 1500), claim: claim(3), audit: line("queue.purge"),
            desired: DesiredState(trash: trash(3)))
        #expect(try await store.trash(now: 1500).map(\.id) == ["c-1", "c-3"])
    }

    @Test(arguments: [Limits.prioritySteps, Limits.prioritySteps + 1])
    func `priority steps are bounded`(count: Int) async throws {
        try await begin(1, trash(1))
        var known = trash(1)
        known.counts = Array(repeating: 1, count: count)

        var refusal: RecordsError.Code?
        do throws(RecordsError) {
            try await store.update(known)
        } catch {
            refusal = error.code
        }

        #expect(refusal == (count > Limits.prioritySteps ? .invalid : nil))
    }
}
