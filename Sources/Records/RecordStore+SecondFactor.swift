internal import Foundation
internal import GRDB
package import Ports

extension RecordStore {
    /// What comes of a right password.
    enum UserSession: Sendable {
        /// A session was opened.
        case opened(secret: String, principal: Principal)
        /// A code is asked for.
        case codeNeeded
        /// The code is not right, or was used already.
        case codeRefused
        /// The password is another one by now, or the user was removed.
        case refused
    }

    /// Gives a user a second factor, or takes it away; sessions and links of before end with a new one.
    ///
    /// - Parameters:
    ///   - reference: their id or name; `.notFound` if no user is called that.
    ///   - secret: of the codes; `nil` if none is asked for any more.
    package func setSecondFactor(
        of reference: String, to secret: [UInt8]?, now: Double, remote: String, by: String
    ) async throws(RecordsError) -> TokenRecord {
        try await write("changing a second factor") { db in
            let user = try Self.user(reference, in: db).token
            try db.execute(
                sql: "UPDATE users SET totpSecret = ?, totpStep = NULL WHERE id = ?",
                arguments: [secret.map { Data($0) }, user.id])
            if secret != nil { try Self.endEntries(of: user.id, in: db) }
            try self.append(
                AuditEntry(
                    at: now, principal: by, remote: remote, action: "user.totp",
                    target: "user \(user.name)", outcome: "done",
                    detail: secret == nil ? "off" : "on, with a new secret"),
                in: db)
            return user
        }
    }

    /// Opens a session for a user whose password was found to be right, if it still is and the code is too.
    ///
    /// - Parameter passwordSetAt: when that password was set; another hash of the same makes no difference.
    func openSession(
        user id: String, passwordSetAt: Double, totp: String?, now: Double
    ) async throws(RecordsError) -> UserSession {
        try await write("opening a session") { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT passwordSet, totpSecret, totpStep FROM users WHERE id = ?",
                arguments: [id])
            guard let row, row["passwordSet"] == passwordSetAt else { return .refused }
            if let secret = row["totpSecret"] as Data? {
                guard let totp else { return .codeNeeded }
                let step = try self.secrets.timeCodeStep(
                    of: totp, secret: [UInt8](secret), now: now)
                guard let step, step > row["totpStep"] as Int64? ?? .min else {
                    return .codeRefused
                }
                try db.execute(
                    sql: "UPDATE users SET totpStep = ? WHERE id = ?", arguments: [step, id])
            }
            guard let opened = try self.insertSession(token: id, now: now, in: db) else {
                return .refused
            }
            return .opened(secret: opened.secret, principal: opened.principal)
        }
    }
}
