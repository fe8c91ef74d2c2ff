internal import Foundation
internal import GRDB
package import Ports

extension RecordStore {
    package func openStampRevokes(
        now: Double
    ) async throws(RecordsError) -> [OpenStampRevoke] {
        try await read("reading open revocations by stamp") { db in
            try Row.fetchAll(
                db,
                sql: "SELECT * FROM openStampRevokes WHERE expires > ? ORDER BY at, command",
                arguments: [now]
            ).map { row in
                OpenStampRevoke(
                    command: row["command"], stamps: try Self.stamps(row["stamps"]),
                    terminate: row["terminate"], signal: row["signal"], at: row["at"],
                    expiresAt: row["expires"])
            }
        }
    }

    /// Adds revocations within a command's transaction.
    static func insert(_ revokes: [OpenStampRevoke], now: Double, in db: Database) throws {
        guard !revokes.isEmpty else { return }
        try db.execute(sql: "DELETE FROM openStampRevokes WHERE expires <= ?", arguments: [now])
        for revoke in revokes {
            try Bounded.time(revoke.at, "a revocation's time")
            try Bounded.time(revoke.expiresAt, "a revocation's end")
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let json = String(decoding: try encoder.encode(revoke.stamps), as: UTF8.self)
            let signal = try revoke.signal.map { try Bounded.name($0, "a signal", limit: 16) }
            try db.execute(
                sql: "INSERT INTO openStampRevokes VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    try Bounded.name(revoke.command, "a command's id", limit: 64),
                    try Bounded.text(json, "stamps", limit: Limits.argumentBytes),
                    revoke.terminate, signal, revoke.at, revoke.expiresAt,
                ])
        }
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM openStampRevokes") ?? 0
        guard count <= Limits.openStampRevokes else {
            throw RecordsError(
                .overloaded,
                "more than \(Limits.openStampRevokes) revocations by stamp would be open")
        }
    }

    private static func stamps(_ json: String) throws -> [String: [String]] {
        do {
            return try JSONDecoder().decode([String: [String]].self, from: Data(json.utf8))
        } catch {
            throw RecordsError(.damaged, "the stamps of a revocation are not readable")
        }
    }
}
