internal import Foundation
internal import GRDB
package import Ports

/// What the first start of a site needs: somebody who can come in.
package enum FirstStart: Sendable, Equatable {
    /// An admin has come in before, or holds a bearer token or a password.
    case alreadySetUp
    /// Nobody can come in but with this code, once, within the hour: print the link of it.
    case link(LoginCode)

    /// Seconds for which the set-up code can be used.
    package static let codeSeconds: Double = 3600

    /// Sees to it that there is a way in.
    ///
    /// Until an admin has come in, each start makes a new code and forgets those of earlier starts:
    /// a link that nobody used must not lock the site for ever, nor lie about in an old log.
    ///
    /// - Parameter now: unix seconds.
    package static func prepare(
        _ store: RecordStore, now: Double
    ) async throws(RecordsError) -> FirstStart {
        try await store.write("preparing the first start") { db in
            let admins = try Row.fetchAll(
                db, sql: "SELECT * FROM tokens WHERE role = 'admin' AND revoked IS NULL"
            ).map(TokenRecord.init).filter { $0.isValid(at: now) }
            let users = try Set(String.fetchAll(db, sql: "SELECT id FROM users"))
            guard
                !admins.contains(where: {
                    $0.isBearer || $0.hasCertificate || $0.lastUsedAt != nil
                        || users.contains($0.id)
                })
            else { return .alreadySetUp }
            let admin = try admins.first ?? store.insertAdmin(now: now, in: db)
            try db.execute(
                sql: "DELETE FROM oneTimeCodes WHERE token = ?", arguments: [admin.id])
            let code = try store.insertCode(for: admin, seconds: codeSeconds, now: now, in: db)
            try store.append(
                AuditEntry(
                    at: now, principal: "", remote: "local", action: "setup.link",
                    target: "token \(admin.name)", outcome: "done",
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
    /// Makes the admin of the first start: no bearer token, one-time codes only.
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
