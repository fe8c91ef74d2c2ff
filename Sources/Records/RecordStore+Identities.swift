internal import Foundation
internal import GRDB
package import Ports

/// Those whom a provider of identities vouches for: a row of `tokens` like everybody who comes in, and beside it
/// one of `identities`. Their role is what the settings said when they came in last.
extension RecordStore {
    /// Opens a session for somebody whom a provider vouches for.
    ///
    /// Nobody is taken for an owner that is here already because of a name: only the provider's own word for
    /// who it is counts.
    func openSession(
        identity: ExternalIdentity, now: Double, remote: String
    ) async throws(RecordsError) -> IdentityAnswer {
        let name = try Bounded.name(identity.name, "a name")
        let issuer = try Bounded.name(identity.issuer, "an issuer", limit: Limits.issuerBytes)
        let subject = try Bounded.name(identity.subject, "a subject")
        return try await write("opening a session with OpenID") { db in
            let known = try Self.identity(issuer, subject, in: db)
            guard known?.revokedAt == nil else { return .removed }
            let note = AuditEntry(
                at: now, principal: name, remote: remote, action: "", target: "user \(name)",
                outcome: "done")
            let id: String
            if let known {
                id = known.id
                try self.renew(known, as: identity, note, in: db)
            } else {
                guard try Self.token(name, in: db) == nil else { return .nameTaken }
                guard try !Self.wasRemoved(name, in: db) else { return .removed }
                id = try self.secrets.makeIdentifier()
                try self.insert(identity, id: id, now: now, note, in: db)
            }
            let session = try self.insertSession(token: id, now: now, in: db)
            guard let (secret, principal) = session else { return .failed }
            return .opened(secret: secret, principal: principal)
        }
    }

    /// Ends the sessions of all whom a provider let in, if it was by other settings: they come in again as
    /// what they are now.
    ///
    /// - Parameter settings: all that decides who comes in; `nil` if nobody does.
    /// - Returns: how many there were.
    package func endIdentitySessions(
        unlessLetInBy settings: String?, now: Double
    ) async throws(RecordsError) -> Int {
        try await write("comparing the settings of OpenID") { db in
            let hash = try settings.map { try self.secrets.sha256(Array($0.utf8)) }
            let text = hash.map { Data($0).base64EncodedString() } ?? ""
            let name = "openid.settings"
            let earlier = try String.fetchOne(
                db, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
            guard text != earlier ?? "" else { return 0 }
            try db.execute(
                sql: "INSERT OR REPLACE INTO settings VALUES (?, ?, ?)",
                arguments: [name, text, now])
            try db.execute(
                sql: "DELETE FROM sessions WHERE token IN (SELECT token FROM identities)")
            let count = db.changesCount
            if count > 0 {
                try self.append(
                    AuditEntry(
                        at: now, principal: "", remote: "local", action: "session.closeAll",
                        target: "sessions by OpenID", outcome: "done",
                        detail: "\(count) ended: the settings are others than before"),
                    in: db)
            }
            return count
        }
    }

    /// The owner of an identity, also if it was removed.
    func identity(issuer: String, subject: String) async throws(RecordsError) -> TokenRecord? {
        try await read("looking an identity up") { try Self.identity(issuer, subject, in: $0) }
    }

    private static func identity(
        _ issuer: String, _ subject: String, in db: Database
    ) throws -> TokenRecord? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT tokens.* FROM identities JOIN tokens ON tokens.id = identities.token
                WHERE issuer = ? AND subject = ?
                """,
            arguments: [issuer, subject]
        ).map(TokenRecord.init)
    }

    /// Whether somebody of this name was removed: a new account at the provider does not bring them back.
    private static func wasRemoved(_ name: String, in db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT * FROM identities JOIN tokens ON tokens.id = identities.token
                WHERE tokens.name = ? AND revoked IS NOT NULL)
                """,
            arguments: [name]) ?? false
    }

    private func insert(
        _ identity: ExternalIdentity, id: String, now: Double, _ note: AuditEntry, in db: Database
    ) throws {
        try Self.insertToken(
            id: id, name: identity.name, role: identity.role, hash: nil, expiresAt: nil, now: now,
            in: db)
        try db.execute(
            sql: "INSERT INTO identities VALUES (?, ?, ?)",
            arguments: [identity.issuer, identity.subject, id])
        var note = note
        note.action = "user.add"
        note.detail = "role \(identity.role.rawValue), vouched for by \(identity.issuer)"
        try append(note, in: db)
    }

    /// Takes over the role and the name that they have now; a name that another one has is left alone.
    private func renew(
        _ known: TokenRecord, as identity: ExternalIdentity, _ note: AuditEntry, in db: Database
    ) throws {
        if known.name != identity.name, try Self.token(identity.name, in: db) == nil,
            try !Self.wasRemoved(identity.name, in: db)
        {
            try db.execute(
                sql: "UPDATE tokens SET name = ? WHERE id = ?",
                arguments: [identity.name, known.id])
        }
        guard known.role != identity.role else { return }
        try db.execute(
            sql: "UPDATE tokens SET role = ? WHERE id = ?",
            arguments: [identity.role.rawValue, known.id])
        var note = note
        note.action = "token.role"
        note.detail = "role \(known.role.rawValue) → \(identity.role.rawValue), by the settings"
        try append(note, in: db)
    }
}
