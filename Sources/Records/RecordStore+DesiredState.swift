internal import GRDB
package import Ports

extension RecordStore: RevokeRecords {
    package func openRevokes(now: Double) async throws(RecordsError) -> [OpenRevoke] {
        try await read("reading open revocations") { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM openRevokes WHERE expires > ? ORDER BY at, taskID",
                arguments: [now]
            ).map { row in
                OpenRevoke(
                    taskID: row["taskID"], command: row["command"], terminate: row["terminate"],
                    signal: row["signal"], at: row["at"], expiresAt: row["expires"])
            }
        }
    }

    package func closeRevokes(of taskIDs: [String]) async throws(RecordsError) {
        try await write("forgetting open revocations") { db in
            let statement = try db.cachedStatement(
                sql: "DELETE FROM openRevokes WHERE taskID = ?")
            for id in taskIDs { try statement.execute(arguments: [id]) }
        }
    }

    /// Adds revocations within a command's transaction. A second one for a task replaces the first,
    /// but never takes its `terminate` back.
    static func insert(_ revokes: [OpenRevoke], now: Double, in db: Database) throws {
        guard !revokes.isEmpty else { return }
        try db.execute(sql: "DELETE FROM openRevokes WHERE expires <= ?", arguments: [now])
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO openRevokes VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (taskID) DO UPDATE SET command = excluded.command,
                    terminate = max(terminate, excluded.terminate),
                    signal = coalesce(excluded.signal, signal), at = excluded.at,
                    expires = max(expires, excluded.expires)
                """)
        for revoke in revokes {
            try Bounded.time(revoke.at, "a revocation's time")
            try Bounded.time(revoke.expiresAt, "a revocation's end")
            let signal = try revoke.signal.map { try Bounded.name($0, "a signal", limit: 16) }
            try statement.execute(arguments: [
                try Bounded.name(revoke.taskID, "a task's id"),
                try Bounded.name(revoke.command, "a command's id", limit: 64), revoke.terminate,
                signal, revoke.at, revoke.expiresAt,
            ])
        }
        let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM openRevokes") ?? 0
        guard count <= Limits.openRevokes else {
            throw RecordsError(
                .overloaded, "more than \(Limits.openRevokes) revocations would be open")
        }
    }
}
