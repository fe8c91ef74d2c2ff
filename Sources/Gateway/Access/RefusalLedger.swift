internal import Ports

/// Keeps refusals from filling the audit: so many of each source are written line by line, the others of
/// the same window as one line with their number. A value; time is passed in.
struct RefusalLedger {
    /// How much is written of one kind of source.
    struct Limits: Sendable {
        /// Seconds that are counted together.
        var window: Double
        /// Refusals of one source that are written line by line in a window.
        var lines: Int
        /// Sources told apart in a window; those beyond are counted as one.
        var sources: Int
    }

    /// Who has no credential: at most 102 lines in ten minutes, by however many of them. The audit's
    /// million lines would last 68 days.
    static let strangers = Limits(window: 600, lines: 5, sources: 16)
    /// Who is signed in: at most 101 lines in ten minutes each.
    static let principals = Limits(window: 600, lines: 100, sources: 1_000)

    private struct Source {
        var began: Double
        var written = 0
        var counted = 0
        var last: AuditEntry
    }

    private let limits: Limits
    private var sources: [String: Source] = [:]

    /// Nothing refused yet.
    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Takes a refusal.
    ///
    /// - Parameters:
    ///   - entry: its line.
    ///   - source: whom it counts for, such as a principal's id or an address.
    /// - Returns: the lines to write now.
    mutating func note(_ entry: AuditEntry, of source: String) -> [AuditEntry] {
        var lines = due(now: entry.at)
        let isOther = sources[source] == nil && sources.count >= limits.sources
        let key = isOther ? Self.others : source
        var entry = entry
        if isOther { (entry.principal, entry.remote) = ("", "several") }
        var known = sources[key] ?? Source(began: entry.at, last: entry)
        known.last = entry
        if known.written < limits.lines {
            known.written += 1
            lines.append(entry)
        } else {
            known.counted += 1
        }
        sources[key] = known
        return lines
    }

    /// The lines that tell of windows that are over.
    mutating func due(now: Double) -> [AuditEntry] {
        let over = sources.filter { now - $0.value.began >= limits.window || now < $0.value.began }
        for key in over.keys { sources[key] = nil }
        return Self.summaries(over.values, now: now)
    }

    /// Ends all windows: the lines that tell of them.
    mutating func end(now: Double) -> [AuditEntry] {
        defer { sources = [:] }
        return Self.summaries(sources.values, now: now)
    }

    /// No principal's id and no address.
    private static let others = "*"

    private static func summaries(_ sources: some Sequence<Source>, now: Double) -> [AuditEntry] {
        sources.filter { $0.counted > 0 }.sorted { $0.began < $1.began }.map { source in
            var entry = source.last
            let seconds = max(1, Int((now - source.began).rounded()))
            entry.at = now
            entry.detail =
                "\(source.counted) more refused within \(seconds) s, not written one by one; the last: \(source.last.detail)"
            return entry
        }
    }
}
