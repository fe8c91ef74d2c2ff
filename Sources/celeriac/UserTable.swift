internal import Foundation
internal import Ports
internal import Records

/// Users as lines for people or programs.
enum UserTable {
    private struct Row: Encodable {
        var id: String
        var name: String
        var role: String
        var state: String
        var created: Double
        var passwordSet: Double
        var secondFactor: Bool
        var lastUsed: Double?
    }

    /// Aligned columns under a heading.
    static func text(_ users: [UserRecord]) -> [String] {
        TextTable.lines(
            ["ID", "NAME", "ROLE", "STATE", "CREATED", "PASSWORD SET", "CODES", "LAST USED"],
            users.map { user in
                [
                    user.token.id, user.token.name, user.token.role.rawValue, state(user),
                    RecordsTool.time(user.token.createdAt), RecordsTool.time(user.passwordSetAt),
                    user.hasSecondFactor ? "yes" : "no",
                    user.token.lastUsedAt.map { RecordsTool.time($0) } ?? "never",
                ]
            })
    }

    /// One JSON object a user.
    static func json(_ users: [UserRecord]) throws -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try users.map { user in
            let row = Row(
                id: user.token.id, name: user.token.name, role: user.token.role.rawValue,
                state: state(user), created: user.token.createdAt,
                passwordSet: user.passwordSetAt, secondFactor: user.hasSecondFactor,
                lastUsed: user.token.lastUsedAt)
            return String(decoding: try encoder.encode(row), as: UTF8.self)
        }
    }

    private static func state(_ user: UserRecord) -> String {
        user.token.revokedAt == nil ? "active" : "removed"
    }
}
