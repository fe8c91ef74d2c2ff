package import Fleet

/// What a look at a broker and its workers found.
package struct CheckReport: Sendable {
    /// Findings, the worst first.
    package var findings: [Finding]
    /// Names of the workers that were heard of, sorted.
    package var workers: [String]
    /// Names of the queues that were found, sorted.
    package var queues: [String]
    /// Whether the server could be asked about itself.
    package var isBrokerKnown: Bool
    /// Events that came while we listened.
    package var events: Int

    /// Whether one of the findings is an error.
    package var hasErrors: Bool { findings.contains { $0.severity == .error } }
}
