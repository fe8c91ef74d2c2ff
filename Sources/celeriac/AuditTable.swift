internal import Foundation
internal import Ports
internal import Records

/// Lines of the audit for people or programs.
enum AuditTable {
    private struct Row: Encodable {
        var line: Int64
        var at: Double
        var by: String
        var from: String
        var action: String
        var target: String
        var outcome: String
        var detail: String
        var hash: String
    }

    /// One line; what is empty is left out.
    static func text(_ line: AuditLine) -> String {
        let entry = line.entry
        let parts = [
            "\(line.sequence)", RecordsTool.time(entry.at), entry.principal, entry.remote,
            entry.action, entry.target, entry.outcome, entry.detail,
        ]
        let words = parts.filter { !$0.isEmpty }.joined(separator: "  ")
        // Who is refused chose some of them: no escape sequence of theirs reaches a terminal.
        return String(
            String.UnicodeScalarView(
                words.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }

    /// One JSON object.
    static func json(_ line: AuditLine) throws -> String {
        let entry = line.entry
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let row = Row(
            line: line.sequence, at: entry.at, by: entry.principal, from: entry.remote,
            action: entry.action, target: entry.target, outcome: entry.outcome,
            detail: entry.detail,
            hash: line.hash.map { String(format: "%02x", $0) }.joined())
        return String(decoding: try encoder.encode(row), as: UTF8.self)
    }
}
