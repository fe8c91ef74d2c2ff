internal import Foundation
internal import GRDB
package import Ports

extension RecordStore: AuditLog {
    package func append(_ entry: AuditEntry) async throws(RecordsError) {
        try await write("writing the audit") { db in
            try self.append(entry, in: db)
        }
    }

    package func lines(after: Int64, limit: Int) async throws(RecordsError) -> [AuditLine] {
        try await read("reading the audit") { db in
            try Self.lines(after: after, limit: min(max(limit, 1), Limits.auditPage), in: db)
        }
    }

    package func newestLines(
        before: Int64?, limit: Int
    ) async throws(RecordsError) -> [AuditLine] {
        try await read("reading the audit") { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM audit WHERE sequence < ? ORDER BY sequence DESC LIMIT ?",
                arguments: [before ?? .max, min(max(limit, 1), Limits.auditPage)]
            ).map(Self.line)
        }
    }

    package func verify() async throws(RecordsError) -> AuditVerdict {
        try await read("checking the audit") { db in
            guard
                let anchor = try Row.fetchOne(db, sql: "SELECT sequence, hash FROM auditAnchor")
            else { return .broken(at: 1) }
            var last: Int64 = anchor["sequence"]
            var hash = [UInt8](anchor["hash"] as Data)
            var count = 0
            while true {
                let page = try Self.lines(after: last, limit: Limits.auditPage, in: db)
                for line in page {
                    let expected = try AuditChain.hash(
                        line.entry, sequence: last + 1, after: hash, with: self.secrets)
                    guard line.sequence == last + 1, self.secrets.isEqual(expected, line.hash)
                    else { return .broken(at: last + 1) }
                    last = line.sequence
                    hash = line.hash
                    count += 1
                }
                if page.isEmpty { break }
            }
            // SQLite remembers the largest number ever given: lines missing at the end show here.
            let given = try Int64.fetchOne(
                db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'")
            return (given ?? 0) > last ? .broken(at: last + 1) : .intact(lines: count)
        }
    }

    /// Appends a line within a transaction, so that it and what it is about are there together.
    func append(_ entry: AuditEntry, in db: Database) throws {
        let entry = try entry.storable
        // With no line kept, the chain goes on from the anchor.
        let last = try Row.fetchOne(
            db,
            sql: """
                SELECT sequence, hash FROM (
                    SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1)
                UNION ALL SELECT sequence, hash FROM auditAnchor
                ORDER BY sequence DESC LIMIT 1
                """)
        let sequence = (last?["sequence"] as Int64? ?? 0) + 1
        let previous = (last?["hash"] as Data?).map { [UInt8]($0) } ?? AuditChain.beginning
        let hash = try AuditChain.hash(entry, sequence: sequence, after: previous, with: secrets)
        try db.execute(
            sql: "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                sequence, entry.at, entry.principal, entry.remote, entry.action, entry.target,
                entry.outcome, entry.detail, Data(hash),
            ])
    }

    private static func lines(after: Int64, limit: Int, in db: Database) throws -> [AuditLine] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?",
            arguments: [after, limit]
        ).map(line)
    }

    private static func line(_ row: Row) -> AuditLine {
        let entry = AuditEntry(
            at: row["at"], principal: row["principal"], remote: row["remote"],
            action: row["action"], target: row["target"], outcome: row["outcome"],
            detail: row["detail"])
        return AuditLine(
            sequence: row["sequence"], entry: entry, hash: [UInt8](row["hash"] as Data))
    }
}
