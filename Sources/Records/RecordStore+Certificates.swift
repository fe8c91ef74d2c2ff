internal import Foundation
internal import GRDB
package import Ports

/// Owners who come in by a client certificate: a row of `tokens` like everybody, with the hash of the
/// certificate's public key in the place of a token's.
extension RecordStore {
    /// Records whom a certificate signs in.
    ///
    /// - Parameters:
    ///   - key: its public key; `.conflict` if somebody who may come in has it, or the name.
    ///   - expiresAt: when it ends, or before; unix seconds.
    /// - Returns: the id of the owner.
    package func pinCertificate(
        key: [UInt8], name: String, role: Role, scope: Scope, expiresAt: Double, now: Double,
        remote: String, by: String
    ) async throws(RecordsError) -> String {
        let name = try Bounded.name(name, "a token's name", limit: 128)
        try Bounded.time(expiresAt, "a certificate's end")
        try Self.check(scope)
        guard expiresAt > now else {
            throw RecordsError(.invalid, "the certificate has ended")
        }
        return try await write("pinning a certificate") { db in
            let id = try self.secrets.makeIdentifier()
            let hash = Data(try self.secrets.sha256(key))
            // One that has ended gives its key free, as it does its name.
            try db.execute(
                sql: """
                    UPDATE tokens SET revoked = expires
                    WHERE certificate = ? AND revoked IS NULL AND expires <= ?
                    """,
                arguments: [hash, now])
            if let owner = try Self.token(certificate: hash, in: db) {
                throw RecordsError(
                    .conflict, "this certificate's key signs \(owner.name) in; revoke that first")
            }
            try Self.insertToken(
                id: id, name: name, role: role, hash: nil, expiresAt: expiresAt, now: now, in: db)
            try Self.limit(id, to: scope, in: db)
            try db.execute(
                sql: "UPDATE tokens SET certificate = ? WHERE id = ?", arguments: [hash, id])
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "token.create",
                    target: "token \(name)", outcome: "done",
                    detail: ["role \(role.rawValue)", "by client certificate", scope.text]
                        .compactMap { $0 }.joined(separator: ", ")),
                in: db)
            return id
        }
    }

    /// Whom the hash of a certificate's key signs in.
    func token(certificate hash: [UInt8]) async throws(RecordsError) -> TokenRecord? {
        try await read("looking a certificate up") { db in
            try Self.token(certificate: Data(hash), in: db)
        }
    }

    private static func token(certificate hash: Data, in db: Database) throws -> TokenRecord? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM tokens WHERE certificate = ? AND revoked IS NULL",
            arguments: [hash]
        ).map(TokenRecord.init)
    }
}
