internal import Foundation
internal import GRDB
package import Ports

extension RecordStore {
    /// Makes a one-time code for the owner of a token.
    ///
    /// - Parameters:
    ///   - reference: the token's id or name; `.notFound` if none is called that or it has ended.
    ///   - seconds: for how long it can be used.
    /// - Returns: the code, which cannot be had again.
    package func makeLoginCode(
        for reference: String, seconds: Double, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> LoginCode {
        try await write("making a one-time code") { db in
            guard let token = try Self.token(reference, in: db), token.isValid(at: now) else {
                throw RecordsError(.notFound, "no valid token is called \(reference)")
            }
            let code = try self.insertCode(for: token, seconds: seconds, now: now, in: db)
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "token.link",
                    target: "token \(token.name)", outcome: "done"),
                in: db)
            return code
        }
    }

    /// Spends a one-time code and opens a session for its owner.
    ///
    /// - Returns: the session's secret and owner; `nil` if the code is unknown, spent or expired, or
    ///   its token no longer valid.
    func openSession(
        code: String, now: Double
    ) async throws(RecordsError) -> (secret: String, principal: Principal)? {
        try await write("spending a one-time code") { db in
            let hash = Data(try self.secrets.sha256(Array(code.utf8)))
            try db.execute(
                sql: """
                    UPDATE oneTimeCodes SET used = ?1
                    WHERE hash = ?2 AND used IS NULL AND created <= ?1 AND expires > ?1
                    """,
                arguments: [now, hash])
            guard db.changesCount == 1 else { return nil }
            let id = try String.fetchOne(
                db, sql: "SELECT token FROM oneTimeCodes WHERE hash = ?", arguments: [hash])
            return try self.insertSession(token: id ?? "", now: now, in: db)
        }
    }

    /// Opens a session for the owner of a token; `nil` if it is not valid.
    func openSession(
        token id: String, now: Double
    ) async throws(RecordsError) -> (secret: String, principal: Principal)? {
        try await write("opening a session") { db in
            try self.insertSession(token: id, now: now, in: db)
        }
    }

    /// The owner of a session, if it is valid.
    ///
    /// - Returns: the token, and whether ``renewSession(hash:now:)`` is due.
    func session(
        hash: [UInt8], now: Double
    ) async throws(RecordsError) -> (token: TokenRecord, renewalIsDue: Bool)? {
        try await read("looking a session up") { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT tokens.*, sessions.lastUsed AS sessionUsed
                    FROM sessions JOIN tokens ON tokens.id = sessions.token
                    WHERE sessions.hash = ? AND sessions.expires > ?
                    """,
                arguments: [Data(hash), now])
            guard let row else { return nil }
            let token = try TokenRecord(row)
            guard token.isValid(at: now) else { return nil }
            return (token, (row["sessionUsed"] as Double) < now - Limits.useSeconds)
        }
    }

    /// Notes that a session was used, which lets it live on for its idle time.
    func renewSession(hash: [UInt8], now: Double) async throws(RecordsError) {
        try await write("renewing a session") { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT sessions.token, sessions.created, tokens.role
                    FROM sessions JOIN tokens ON tokens.id = sessions.token
                    WHERE sessions.hash = ?
                    """,
                arguments: [Data(hash)])
            guard let row else { return }
            let life = SessionLife(role: Role(rawValue: row["role"]))
            try db.execute(
                sql: "UPDATE sessions SET lastUsed = ?, expires = ? WHERE hash = ?",
                arguments: [now, life.end(opened: row["created"], used: now), Data(hash)])
            try Self.noteUse(ofToken: row["token"], now: now, in: db)
        }
    }

    /// Ends a session; nothing happens if it is not there.
    func closeSession(hash: [UInt8]) async throws(RecordsError) {
        try await write("closing a session") { db in
            try db.execute(sql: "DELETE FROM sessions WHERE hash = ?", arguments: [Data(hash)])
        }
    }

    /// Ends all sessions of the owner of a token, or of a user.
    ///
    /// - Parameter reference: an id or a name; `.notFound` if nobody who may come in is called that.
    /// - Returns: how many sessions there were, and whose.
    package func closeSessions(
        of reference: String, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> (count: Int, owner: TokenRecord) {
        try await write("closing all sessions") { db in
            guard let owner = try Self.token(reference, in: db) else {
                throw RecordsError(.notFound, "no user and no token is called \(reference)")
            }
            try db.execute(sql: "DELETE FROM sessions WHERE token = ?", arguments: [owner.id])
            let count = db.changesCount
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "session.closeAll",
                    target: "sessions of \(owner.name)", outcome: "done",
                    detail: "\(count) ended"),
                in: db)
            return (count, owner)
        }
    }

    func insertCode(
        for token: TokenRecord, seconds: Double, now: Double, in db: Database
    ) throws -> LoginCode {
        let text = try secrets.makeSecret()
        try db.execute(
            sql: "INSERT INTO oneTimeCodes VALUES (?, ?, ?, ?, NULL)",
            arguments: [
                Data(try secrets.sha256(Array(text.utf8))), token.id, now, now + seconds,
            ])
        try Self.keepNewest(Limits.codesPerToken, of: "oneTimeCodes", token: token.id, in: db)
        return LoginCode(text: text, expiresAt: now + seconds, principal: token.principal)
    }

    func insertSession(
        token id: String, now: Double, in db: Database
    ) throws -> (secret: String, principal: Principal)? {
        guard let token = try Self.token(id, in: db), token.id == id, token.isValid(at: now) else {
            return nil
        }
        let secret = try secrets.makeSecret()
        let life = SessionLife(role: token.role)
        try db.execute(
            sql: "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Data(try secrets.sha256(Array(secret.utf8))), id, now,
                life.end(opened: now, used: now), now,
            ])
        try Self.keepNewest(Limits.sessionsPerToken, of: "sessions", token: id, in: db)
        try Self.noteUse(ofToken: id, now: now, in: db)
        return (secret, token.principal)
    }

    private static func keepNewest(
        _ count: Int, of table: String, token: String, in db: Database
    ) throws {
        try db.execute(
            sql: """
                DELETE FROM \(table) WHERE hash IN (
                    SELECT hash FROM \(table) WHERE token = ?
                    ORDER BY created DESC, rowid DESC LIMIT -1 OFFSET ?)
                """,
            arguments: [token, count])
    }
}
