internal import Foundation
internal import GRDB
package import Ports

extension RecordStore {
    /// Makes a bearer token and records its hash.
    ///
    /// - Parameters:
    ///   - name: for people; `.conflict` if a valid token has it.
    ///   - scope: what of the role's rights it is for.
    ///   - expiresAt: unix seconds; `nil` if it never ends.
    ///   - now: unix seconds.
    ///   - remote: where the request comes from, for the audit.
    ///   - by: who makes it, for the audit.
    /// - Returns: the token's text, which cannot be had again.
    package func createToken(
        name: String, role: Role, scope: Scope = .unlimited, expiresAt: Double?, now: Double,
        remote: String, by: String
    ) async throws(RecordsError) -> NewToken {
        let name = try Bounded.name(name, "a token's name", limit: 128)
        try Bounded.time(expiresAt, "a token's end")
        try Self.check(scope)
        return try await write("recording a token") { db in
            let token = try self.secrets.makeToken()
            let hash = Data(try self.secrets.sha256(Array(token.text.utf8)))
            try Self.insertToken(
                id: token.id, name: name, role: role, hash: hash, expiresAt: expiresAt, now: now,
                in: db)
            try Self.limit(token.id, to: scope, in: db)
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "token.create",
                    target: "token \(name)", outcome: "done",
                    detail: ["role \(role.rawValue)", scope.text].compactMap { $0 }
                        .joined(separator: ", ")),
                in: db)
            return token
        }
    }

    /// All tokens that are kept, oldest first; ``users()`` are not among them.
    package func tokens() async throws(RecordsError) -> [TokenRecord] {
        try await read("reading tokens") { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT tokens.*, identities.issuer
                    FROM tokens LEFT JOIN identities ON identities.token = tokens.id
                    WHERE id NOT IN (SELECT id FROM users)
                    ORDER BY created, id
                    """
            ).map(TokenRecord.init)
        }
    }

    /// Revokes a token, with its sessions and codes.
    ///
    /// - Parameter reference: its id, or its name.
    /// - Returns: what was revoked; `.notFound` if no unrevoked token is called that.
    package func revokeToken(
        _ reference: String, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        try await write("revoking a token") { db in
            guard var token = try Self.token(reference, in: db) else {
                throw RecordsError(.notFound, "no token is called \(reference)")
            }
            try db.execute(
                sql: "UPDATE tokens SET revoked = ? WHERE id = ?", arguments: [now, token.id])
            try Self.endEntries(of: token.id, in: db)
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "token.revoke",
                    target: "token \(token.name)", outcome: "done"),
                in: db)
            token.revokedAt = now
            return token
        }
    }

    /// Gives a token's owner another role; its sessions live on with that.
    ///
    /// - Parameter reference: its id, or its name.
    /// - Returns: the token as it is now; `.notFound` if no unrevoked token is called that.
    package func changeRole(
        of reference: String, to role: Role, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        try await write("changing a token's role") { db in
            guard var token = try Self.token(reference, in: db) else {
                throw RecordsError(.notFound, "no token is called \(reference)")
            }
            try db.execute(
                sql: "UPDATE tokens SET role = ? WHERE id = ?",
                arguments: [role.rawValue, token.id])
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "token.role",
                    target: "token \(token.name)", outcome: "done",
                    detail: "role \(token.role.rawValue) → \(role.rawValue)"),
                in: db)
            token.role = role
            return token
        }
    }

    /// Limits a token's owner, be it a user, to other queues and names of tasks; their sessions live on with
    /// that. What topics and commands it is for stays.
    ///
    /// - Parameters:
    ///   - reference: its id, or its name.
    ///   - queues: patterns; `nil` for any.
    ///   - tasks: likewise.
    /// - Returns: the token as it is now; `.notFound` if no unrevoked token is called that.
    package func limit(
        _ reference: String, queues: Set<String>?, tasks: Set<String>?, now: Double,
        remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        try Self.check(Scope(queues: queues, tasks: tasks))
        return try await write("changing what a token is for") { db in
            guard var token = try Self.token(reference, in: db) else {
                throw RecordsError(.notFound, "no token or user is called \(reference)")
            }
            let before = token.scope.text
            (token.scope.queues, token.scope.tasks) = (queues, tasks)
            try Self.limit(token.id, to: token.scope, in: db)
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "token.limit",
                    target: "token \(token.name)", outcome: "done",
                    detail: "\(before ?? "no limit") → \(token.scope.text ?? "no limit")"),
                in: db)
            return token
        }
    }

    /// Ends the sessions and codes of an owner.
    static func endEntries(of id: String, in db: Database) throws {
        for table in ["sessions", "oneTimeCodes"] {
            try db.execute(sql: "DELETE FROM \(table) WHERE token = ?", arguments: [id])
        }
    }

    /// The token of an id and the hash of its text (`nil` if it is no bearer token).
    func token(id: String) async throws(RecordsError) -> (TokenRecord, hash: [UInt8]?)? {
        try await read("looking a token up") { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT * FROM tokens WHERE id = ?", arguments: [id])
            guard let row else { return nil }
            return (try TokenRecord(row), (row["hash"] as Data?).map { [UInt8]($0) })
        }
    }

    static func limit(_ id: String, to scope: Scope, in db: Database) throws {
        func names(_ set: Set<String>?) -> String? { set?.sorted().joined(separator: ",") }
        func patterns(_ set: Set<String>?) throws -> String? {
            try set.map { String(decoding: try JSONEncoder().encode($0.sorted()), as: UTF8.self) }
        }
        try db.execute(
            sql: "UPDATE tokens SET topics = ?, commands = ?, queues = ?, tasks = ? WHERE id = ?",
            arguments: [
                names(scope.topics), names(scope.commands), try patterns(scope.queues),
                try patterns(scope.tasks), id,
            ])
    }

    static func check(_ scope: Scope) throws(RecordsError) {
        if let refusal = scope.refusal { throw RecordsError(.invalid, refusal) }
    }

    /// Notes that a token was used, unless that was noted within the last minute.
    func noteUse(ofToken id: String, now: Double) async throws(RecordsError) {
        try await write("noting the use of a token") { db in
            try Self.noteUse(ofToken: id, now: now, in: db)
        }
    }

    static func noteUse(ofToken id: String, now: Double, in db: Database) throws {
        try db.execute(
            sql: """
                UPDATE tokens SET lastUsed = ?
                WHERE id = ? AND (lastUsed IS NULL OR lastUsed < ?)
                """,
            arguments: [now, id, now - Limits.useSeconds])
    }

    /// The unrevoked token of an id or, failing that, of a name.
    static func token(_ reference: String, in db: Database) throws -> TokenRecord? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM tokens WHERE (id = ?1 OR name = ?1) AND revoked IS NULL
                ORDER BY id = ?1 DESC LIMIT 1
                """,
            arguments: [reference]
        ).map(TokenRecord.init)
    }

    static func insertToken(
        id: String, name: String, role: Role, hash: Data?, expiresAt: Double?, now: Double,
        in db: Database
    ) throws {
        // An expired token gives its name free.
        try db.execute(
            sql: """
                UPDATE tokens SET revoked = expires
                WHERE name = ? AND revoked IS NULL AND expires <= ?
                """,
            arguments: [name, now])
        guard try token(name, in: db) == nil else {
            throw RecordsError(
                .conflict, "a token named \(name) exists; revoke it first, or take another name")
        }
        let valid = try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM tokens
                WHERE revoked IS NULL AND (expires IS NULL OR expires > ?)
                """,
            arguments: [now])
        guard (valid ?? 0) < Limits.tokens else {
            throw RecordsError(.overloaded, "\(Limits.tokens) tokens are valid already")
        }
        try db.execute(
            sql: """
                INSERT INTO tokens (id, name, role, hash, created, expires)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [id, name, role.rawValue, hash, now, expiresAt])
    }
}
