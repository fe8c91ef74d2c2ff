internal import Foundation
internal import GRDB
package import Ports

extension RecordStore: TrashRecords {
    package func trash(now: Double) async throws(RecordsError) -> [TrashRecord] {
        try await read("reading what was purged") { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM trash WHERE expires > ? ORDER BY at, command",
                arguments: [now]
            ).map { row in
                TrashRecord(
                    id: row["command"], queue: row["queue"], by: row["purgedBy"], at: row["at"],
                    expiresAt: row["expires"], counts: try Self.steps(row["counts"]),
                    left: try Self.steps(row["remaining"]))
            }
        }
    }

    package func update(_ trash: TrashRecord) async throws(RecordsError) {
        try await write("recording what is left of a purge") { db in
            try db.execute(
                sql: "UPDATE trash SET counts = ?, remaining = ? WHERE command = ?",
                arguments: [
                    try Self.json(trash.counts), try Self.json(trash.left), trash.id,
                ])
        }
    }

    package func forgetTrash(of ids: [String]) async throws(RecordsError) {
        try await write("forgetting a purge") { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM trash WHERE command = ?")
            for id in ids { try statement.execute(arguments: [id]) }
        }
    }

    /// Adds a row within a command's transaction.
    static func insert(_ trash: TrashRecord, now: Double, in db: Database) throws {
        try db.execute(sql: "DELETE FROM trash WHERE expires <= ?", arguments: [now])
        try Bounded.time(trash.at, "a purge's time")
        try Bounded.time(trash.expiresAt, "the end of a purge's trash")
        try db.execute(
            sql: "INSERT INTO trash VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                try Bounded.name(trash.id, "a command's id", limit: 64),
                try Bounded.name(trash.queue, "a queue's name"), Bounded.sentence(trash.by),
                trash.at, trash.expiresAt, try json(trash.counts), try json(trash.left),
            ])
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM trash") ?? 0
        guard count <= Limits.trash else {
            throw RecordsError(
                .overloaded,
                "more than \(Limits.trash) purges could be restored; restore one, or purge with keep 0"
            )
        }
    }

    private static func json(_ counts: [Int]?) throws -> String? {
        guard let counts else { return nil }
        guard counts.count <= Limits.prioritySteps else {
            throw RecordsError(
                .invalid, "a purge has at most \(Limits.prioritySteps) priority steps")
        }
        return String(decoding: try JSONEncoder().encode(counts), as: UTF8.self)
    }

    private static func steps(_ json: String?) throws -> [Int]? {
        guard let json else { return nil }
        do {
            return try JSONDecoder().decode([Int].self, from: Data(json.utf8))
        } catch {
            throw RecordsError(.damaged, "the counts of a purge are not readable")
        }
    }
}
