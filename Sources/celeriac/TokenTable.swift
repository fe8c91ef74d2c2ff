internal import Foundation
internal import Ports
internal import Records

/// Tokens as lines for people or programs.
enum TokenTable {
    private struct Row: Encodable {
        var id: String
        var name: String
        var role: String
        var topics: [String]?
        var commands: [String]?
        var queues: [String]?
        var tasks: [String]?
        var state: String
        var created: Double
        var expires: Double?
        var lastUsed: Double?
    }

    /// Aligned columns under a heading.
    static func text(_ tokens: [TokenRecord], now: Double) -> [String] {
        TextTable.lines(
            ["ID", "NAME", "ROLE", "FOR", "STATE", "CREATED", "EXPIRES", "LAST USED"],
            tokens.map { token in
                [
                    token.id, token.name, token.role.rawValue, scope(token), state(token, now),
                    RecordsTool.time(token.createdAt),
                    token.expiresAt.map { RecordsTool.time($0) } ?? "never",
                    token.lastUsedAt.map { RecordsTool.time($0) } ?? "never",
                ]
            })
    }

    /// One JSON object a token.
    static func json(_ tokens: [TokenRecord], now: Double) throws -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try tokens.map { token in
            let row = Row(
                id: token.id, name: token.name, role: token.role.rawValue,
                topics: token.scope.topics?.sorted(), commands: token.scope.commands?.sorted(),
                queues: token.scope.queues?.sorted(), tasks: token.scope.tasks?.sorted(),
                state: state(token, now), created: token.createdAt, expires: token.expiresAt,
                lastUsed: token.lastUsedAt)
            return String(decoding: try encoder.encode(row), as: UTF8.self)
        }
    }

    private static func scope(_ token: TokenRecord) -> String {
        guard !token.scope.isUnlimited else { return "all" }
        let names = [token.scope.topics, token.scope.commands].compactMap { $0?.sorted() }.joined()
        let patterns = [("queue", token.scope.queues), ("task", token.scope.tasks)].flatMap {
            what, set in (set?.sorted() ?? []).map { "\(what)=\($0)" }
        }
        return (names + patterns).joined(separator: ",")
    }

    private static func state(_ token: TokenRecord, _ now: Double) -> String {
        if token.revokedAt != nil { return "revoked" }
        guard token.isValid(at: now) else { return "expired" }
        if token.issuer != nil { return "by OpenID" }
        if token.hasCertificate { return "by certificate" }
        return token.isBearer ? "valid" : "links only"
    }
}
