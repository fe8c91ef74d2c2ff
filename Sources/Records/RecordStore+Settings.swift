internal import GRDB
package import Ports

extension RecordStore {
    /// A setting that the gateway keeps for itself.
    package func setting(_ name: String) async throws(RecordsError) -> String? {
        try await read("reading a setting") { db in
            try String.fetchOne(
                db, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
        }
    }

    /// Keeps a setting.
    ///
    /// - Parameters:
    ///   - value: at most 64 KiB; `nil` removes it.
    ///   - now: unix seconds.
    package func set(_ name: String, to value: String?, now: Double) async throws(RecordsError) {
        let name = try Bounded.name(name, "a setting's name", limit: 128)
        let value = try value.map { value throws(RecordsError) in
            try Bounded.text(value, "a setting's value", limit: Limits.answerBytes)
        }
        try await write("keeping a setting") { db in
            if let value {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO settings VALUES (?, ?, ?)",
                    arguments: [name, value, now])
            } else {
                try db.execute(sql: "DELETE FROM settings WHERE name = ?", arguments: [name])
            }
        }
    }
}
