internal import Ports

/// The chain that makes a change of the audit visible: each line's hash covers the line before.
///
/// Hash of a line = SHA-256 over the previous line's hash (32 zero bytes before the first) and the
/// line's fields, each as decimal byte count, `:` and bytes, so that no two lines have one form.
enum AuditChain {
    /// The hash before the first line.
    static let beginning = [UInt8](repeating: 0, count: 32)

    /// The hash of a line.
    static func hash(
        _ entry: AuditEntry, sequence: Int64, after previous: [UInt8],
        with secrets: any SecretSource
    ) throws(CredentialError) -> [UInt8] {
        var bytes = previous
        let fields = [
            String(sequence), String(entry.at.bitPattern, radix: 16), entry.principal,
            entry.remote, entry.action, entry.target, entry.outcome, entry.detail,
        ]
        for field in fields {
            bytes += Array("\(field.utf8.count):".utf8)
            bytes += Array(field.utf8)
        }
        return try secrets.sha256(bytes)
    }
}

extension AuditEntry {
    /// The entry as it is stored: every field within its bound, no NUL.
    var storable: AuditEntry {
        get throws(RecordsError) {
            try Bounded.time(at, "the time of an audit line")
            return AuditEntry(
                at: at, principal: Bounded.sentence(principal), remote: Bounded.sentence(remote),
                action: Bounded.sentence(action), target: Bounded.sentence(target),
                outcome: Bounded.sentence(outcome), detail: Bounded.sentence(detail))
        }
    }
}
