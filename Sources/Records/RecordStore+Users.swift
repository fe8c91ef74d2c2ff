internal import Foundation
internal import GRDB
package import Ports

/// Users: a row of `tokens` like everybody who comes in, and beside it one of `users` with the password.
extension RecordStore {
    /// Records a user.
    ///
    /// - Parameters:
    ///   - name: `.conflict` if somebody who may come in has it, be it a user or a token.
    ///   - password: its hash, by ``PasswordHasher``.
    ///   - remote: where the request comes from, for the audit.
    ///   - by: who makes them, for the audit.
    package func addUser(
        name: String, role: Role, password: String, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        let name = try Bounded.name(name, "a user's name", limit: Limits.userNameBytes)
        return try await write("recording a user") { db in
            try self.insertUser(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "user.add",
                    target: "user \(name)", outcome: "done", detail: "role \(role.rawValue)"),
                name: name, role: role, password: password, in: db)
        }
    }

    /// Why a name cannot be a user's, whoever has it already; `nil` if it can.
    static func refusal(ofUserName name: String) -> String? {
        do {
            _ = try Bounded.name(name, "a user's name", limit: Limits.userNameBytes)
            return nil
        } catch {
            return error.message
        }
    }

    /// Records a user and the line of the audit about it.
    func insertUser(
        _ entry: AuditEntry, name: String, role: Role, password: String, in db: Database
    ) throws -> TokenRecord {
        let id = try secrets.makeIdentifier()
        try Self.insertToken(
            id: id, name: name, role: role, hash: nil, expiresAt: nil, now: entry.at, in: db)
        try db.execute(
            sql: "INSERT INTO users (id, password, passwordSet) VALUES (?, ?, ?)",
            arguments: [id, try Self.storable(password), entry.at])
        try append(entry, in: db)
        return try Self.user(id, in: db).token
    }

    /// All users that are kept, oldest first; those that were removed too.
    package func users() async throws(RecordsError) -> [UserRecord] {
        try await read("reading users") { db in
            try Row.fetchAll(db, sql: "\(Self.userRows) ORDER BY created, id").map(UserRecord.init)
        }
    }

    /// Gives a user another password, and ends their sessions and links: whoever knew the old one is out.
    ///
    /// - Parameter reference: their id or name; `.notFound` if no user is called that.
    package func setPassword(
        of reference: String, to password: String, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        try await write("changing a password") { db in
            let user = try Self.user(reference, in: db).token
            try db.execute(
                sql: "UPDATE users SET password = ?, passwordSet = ? WHERE id = ?",
                arguments: [try Self.storable(password), now, user.id])
            try Self.endEntries(of: user.id, in: db)
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "user.password",
                    target: "user \(user.name)", outcome: "done"),
                in: db)
            return user
        }
    }

    /// Gives a user another role; their sessions live on with that.
    package func changeRole(
        ofUser reference: String, to role: Role, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        let user = try await read("looking a user up") { try Self.user(reference, in: $0).token }
        return try await changeRole(of: user.id, to: role, now: now, remote: remote, by: by)
    }

    /// Removes a user, with their sessions and links.
    package func removeUser(
        _ reference: String, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        let user = try await read("looking a user up") { try Self.user(reference, in: $0).token }
        return try await revokeToken(user.id, now: now, remote: remote, by: by)
    }

    /// The user of a name, and the hash of their password; `nil` if there is none or they may not come in.
    func password(
        ofUserNamed name: String, now: Double
    ) async throws(RecordsError) -> (user: TokenRecord, password: String, setAt: Double)? {
        try await read("looking a user up") { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT tokens.*, users.password AS passwordHash, users.passwordSet
                    FROM users JOIN tokens ON tokens.id = users.id
                    WHERE tokens.name = ? AND tokens.revoked IS NULL
                    """,
                arguments: [name])
            guard let row else { return nil }
            let user = try TokenRecord(row)
            return user.isValid(at: now) ? (user, row["passwordHash"], row["passwordSet"]) : nil
        }
    }

    /// Keeps a better hash of the same password, unless it was changed meanwhile.
    func replacePassword(
        of id: String, _ old: String, by new: String
    ) async throws(RecordsError) {
        try await write("hashing a password again") { db in
            try db.execute(
                sql: "UPDATE users SET password = ? WHERE id = ? AND password = ?",
                arguments: [try Self.storable(new), id, old])
        }
    }

    private static let userRows = """
        SELECT tokens.*, users.passwordSet, users.totpSecret FROM users JOIN tokens ON tokens.id = users.id
        """

    private static func storable(_ password: String) throws(RecordsError) -> String {
        try Bounded.name(password, "a password's hash", limit: Limits.passwordHashBytes)
    }

    /// The user of an id or, failing that, of a name, who was not removed.
    static func user(_ reference: String, in db: Database) throws -> UserRecord {
        let row = try Row.fetchOne(
            db,
            sql: """
                \(userRows) WHERE (tokens.id = ?1 OR tokens.name = ?1) AND tokens.revoked IS NULL
                ORDER BY tokens.id = ?1 DESC LIMIT 1
                """,
            arguments: [reference])
        guard let row else { throw RecordsError(.notFound, "no user is called \(reference)") }
        return try UserRecord(row)
    }
}
