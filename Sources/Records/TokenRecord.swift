internal import Foundation
internal import GRDB
package import Ports

/// A token as recorded: everything but its secret, which is recorded nowhere.
package struct TokenRecord: Sendable, Equatable {
    /// The public part of the token, and the ``Principal/id`` of its owner.
    package var id: String
    /// Name for people; no two tokens that are not revoked share one.
    package var name: String
    /// What its owner may do.
    package var role: Role
    /// What of it this token is for.
    package var scope: Scope
    /// Whether it is a bearer token; otherwise its owner comes in by one-time codes or a provider's word.
    package var isBearer: Bool
    /// Whether its owner comes in by a client certificate.
    package var hasCertificate: Bool
    /// The provider that vouches for its owner; `nil` if none does, or it was not asked for.
    package var issuer: String?
    /// When it was made, unix seconds.
    package var createdAt: Double
    /// When it ends, unix seconds; `nil` if never.
    package var expiresAt: Double?
    /// When it was revoked, unix seconds.
    package var revokedAt: Double?
    /// When it (or one of its sessions) was last used, unix seconds, within a minute.
    package var lastUsedAt: Double?

    /// Whether it works at a time.
    package func isValid(at now: Double) -> Bool {
        revokedAt == nil && expiresAt.map { now < $0 } ?? true
    }

    /// Its owner.
    package var principal: Principal {
        Principal(id: id, name: name, role: role, scope: scope, expiresAt: expiresAt)
    }

    init(_ row: Row) throws {
        guard let role = Role(rawValue: row["role"]) else {
            throw RecordsError(.damaged, "a token is recorded with a role that does not exist")
        }
        id = row["id"]
        name = row["name"]
        self.role = role
        func names(_ column: String) -> Set<String>? {
            (row[column] as String?).map { Set($0.split(separator: ",").map(String.init)) }
        }
        func patterns(_ column: String) throws(RecordsError) -> Set<String>? {
            guard let text = row[column] as String? else { return nil }
            do {
                return Set(try JSONDecoder().decode([String].self, from: Data(text.utf8)))
            } catch {
                // A limit that cannot be read must not be none.
                throw RecordsError(.damaged, "the \(column) that a token is for cannot be read")
            }
        }
        scope = Scope(
            topics: names("topics"), commands: names("commands"), queues: try patterns("queues"),
            tasks: try patterns("tasks"))
        isBearer = (row["hash"] as Data?) != nil
        hasCertificate = (row["certificate"] as Data?) != nil
        issuer = row["issuer"]
        createdAt = row["created"]
        expiresAt = row["expires"]
        revokedAt = row["revoked"]
        lastUsedAt = row["lastUsed"]
    }
}

/// A one-time code that has just been made; its text exists nowhere else.
package struct LoginCode: Sendable, Equatable {
    /// The code, to be exchanged once for a session.
    package var text: String
    /// When it ends, unix seconds.
    package var expiresAt: Double
    /// Whose session it opens.
    package var principal: Principal
}

/// The code of a set-up link that has just been made; its text exists nowhere else.
package struct SetupCode: Sendable, Equatable {
    /// The code, to be exchanged once for the first admin: 256 random bits.
    package var text: String
    /// When it ends, unix seconds.
    package var expiresAt: Double
}
