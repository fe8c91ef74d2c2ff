internal import Foundation
internal import GRDB
package import Ports

extension RecordStore: RecordUpkeep {
    package func prune(now: Double) async throws(RecordsError) -> Int {
        try await prune(now: now, auditLines: Limits.auditLines)
    }

    /// As ``prune(now:)``, with another bound for the audit.
    func prune(now: Double, auditLines: Int) async throws(RecordsError) -> Int {
        try await write("removing outdated records") { db in
            var count = 0
            for (table, condition, age) in Self.outdated {
                try db.execute(
                    sql: """
                        DELETE FROM \(table) WHERE rowid IN (
                            SELECT rowid FROM \(table) WHERE \(condition) LIMIT ?2)
                        """,
                    arguments: [now - age, Limits.pruneSlice])
                count += db.changesCount
            }
            return count + (try Self.pruneAudit(keeping: auditLines, in: db))
        }
    }

    /// Tables, what of them is outdated at `?1`, and how many seconds ago that was. Keys go before
    /// their commands, tokens after all that refers to them.
    private static let outdated: [(table: String, condition: String, age: Double)] = [
        ("idempotency", "created <= ?1", Limits.idempotencySeconds),
        (
            "commands",
            "endedAt <= ?1 AND id NOT IN (SELECT command FROM idempotency)",
            Limits.commandSeconds
        ),
        ("openRevokes", "expires <= ?1", 0),
        ("openStampRevokes", "expires <= ?1", 0),
        ("trash", "expires <= ?1", 0),
        ("sessions", "expires <= ?1", 0),
        ("oneTimeCodes", "expires <= ?1", 0),
        (
            // Whom a provider vouches for stays out once removed, for as long as they are known.
            "tokens",
            "(revoked <= ?1 OR expires <= ?1) AND id NOT IN (SELECT token FROM identities)",
            Limits.endedTokenSeconds
        ),
    ]

    /// Removes the oldest lines beyond the bound; the anchor moves first, or the table refuses.
    private static func pruneAudit(keeping bound: Int, in db: Database) throws -> Int {
        let ends = try Row.fetchOne(
            db, sql: "SELECT min(sequence) AS first, max(sequence) AS last FROM audit")
        guard let first = ends?["first"] as Int64?, let last = ends?["last"] as Int64? else {
            return 0
        }
        let excess = min(last - first + 1 - Int64(bound), Int64(Limits.pruneSlice))
        guard excess > 0 else { return 0 }
        let end = first + excess - 1
        try db.execute(
            sql: """
                UPDATE auditAnchor SET sequence = ?1,
                    hash = (SELECT hash FROM audit WHERE sequence = ?1)
                """,
            arguments: [end])
        try db.execute(sql: "DELETE FROM audit WHERE sequence <= ?", arguments: [end])
        return db.changesCount
    }
}
