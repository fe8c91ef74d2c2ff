internal import Foundation
internal import GRDB
package import Ports

/// What the first start of a site needs: somebody who can come in.
package enum FirstStart: Sendable, Equatable {
    /// An admin has come in before, or has a bearer token, a certificate or a password.
    case alreadySetUp
    /// The first admin is made by whoever has this code, within the hour: print the link of it.
    case link(SetupCode)

    /// Seconds for which the set-up code can be used.
    package static let codeSeconds: Double = 3600

    /// Sees to it that there is a way in.
    ///
    /// Until there is an admin, each start makes a new code and knows those of earlier starts no more:
    /// a link that nobody used must not lock the site for ever, nor be good for anything in an old log.
    ///
    /// - Parameter now: unix seconds.
    package static func prepare(
        _ store: RecordStore, now: Double
    ) async throws(RecordsError) -> FirstStart {
        try await store.write("preparing the first start") { db in
            guard try !RecordStore.hasAdmin(at: now, in: db) else { return .alreadySetUp }
            let code = SetupCode(
                text: try store.secrets.makeSecret(), expiresAt: now + codeSeconds)
            try store.append(
                AuditEntry(
                    at: now, principal: "", remote: "local", action: "setup.link",
                    target: "the first admin", outcome: "done",
                    detail: "no admin has come in so far"),
                in: db)
            return .link(code)
        }
    }

    /// Makes a one-time code for the site's admin, who is made if there is none: whoever can write
    /// the records' files is trusted with that.
    ///
    /// - Parameters:
    ///   - seconds: for how long it can be used.
    ///   - now: unix seconds.
    ///   - by: who asks, for the audit.
    package static func makeAdminLink(
        _ store: RecordStore, seconds: Double, now: Double, by: String
    ) async throws(RecordsError) -> LoginCode {
        let found = try await store.write("looking for an admin") { db in
            let admins = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM tokens WHERE role = 'admin' AND revoked IS NULL
                        AND id NOT IN (SELECT id FROM users)
                    ORDER BY hash IS NOT NULL, created
                    """
            ).map(TokenRecord.init)
            return try admins.first { $0.isValid(at: now) } ?? store.insertAdmin(now: now, in: db)
        }
        return try await store.makeLoginCode(
            for: found.id, seconds: seconds, now: now, remote: "local", by: by)
    }
}

extension RecordStore {
    /// Whether an admin has come in before, or has a bearer token, a certificate or a password.
    package func hasAdmin(now: Double) async throws(RecordsError) -> Bool {
        try await read("looking for an admin") { try Self.hasAdmin(at: now, in: $0) }
    }

    static func hasAdmin(at now: Double, in db: Database) throws -> Bool {
        let users = try Set(String.fetchAll(db, sql: "SELECT id FROM users"))
        return try Row.fetchAll(
            db, sql: "SELECT * FROM tokens WHERE role = 'admin' AND revoked IS NULL"
        ).map(TokenRecord.init).contains {
            $0.isValid(at: now)
                && ($0.isBearer || $0.hasCertificate || $0.lastUsedAt != nil
                    || users.contains($0.id))
        }
    }

    /// Records the first admin, a user with a password, and opens a session for them: of several that
    /// try at once, one succeeds.
    ///
    /// - Parameter password: its hash, by ``PasswordHasher``.
    /// - Returns: the session's secret and owner; `nil` if there is an admin already.
    func addFirstAdmin(
        name: String, password: String, now: Double, remote: String
    ) async throws(RecordsError) -> (secret: String, principal: Principal)? {
        let name = try Bounded.name(name, "a user's name", limit: Limits.userNameBytes)
        return try await write("making the first admin") { db in
            guard try !Self.hasAdmin(at: now, in: db) else { return nil }
            // One-time links that nobody has opened, of a version that printed them at its first start
            // or of `token link`: they would open an admin's session beside the one that is made here.
            try db.execute(
                sql: """
                    DELETE FROM oneTimeCodes WHERE token IN (SELECT id FROM tokens
                    WHERE role = 'admin' AND hash IS NULL AND lastUsed IS NULL)
                    """)
            let admin = try self.insertUser(
                AuditEntry(
                    at: now, principal: name, remote: remote, action: "user.add",
                    target: "user \(name)", outcome: "done",
                    detail: "role admin, by the set-up link"),
                name: name, role: .admin, password: password, in: db)
            return try self.insertSession(token: admin.id, now: now, in: db)
        }
    }

    /// Makes an admin without a password: no bearer token, one-time codes only.
    fileprivate func insertAdmin(now: Double, in db: Database) throws -> TokenRecord {
        // The name may be taken by a token of another role; the id then tells them apart.
        let id = try secrets.makeIdentifier()
        let name = try Self.token("admin", in: db) == nil ? "admin" : "admin-\(id)"
        try Self.insertToken(
            id: id, name: name, role: .admin, hash: nil, expiresAt: nil, now: now, in: db)
        guard let token = try Self.token(id, in: db) else {
            throw RecordsError(.failed, "the first admin was not recorded")
        }
        return token
    }
}
