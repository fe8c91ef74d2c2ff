internal import EventLoop
internal import LiveSync
internal import Logging
internal import Ports

/// Shows the newest lines of the audit as rows of topic `audit`, whoever wrote them: the gateway with its
/// commands, or a tool of the command line beside it.
@LoopActor
final class AuditFeed {
    /// Lines that are rows; older ones are read by pages.
    static let rowLimit = 500

    private let audit: any AuditLog
    private let rows: Rows
    private let log: Logger
    private let onChange: @LoopActor () -> Void
    /// Numbers of the lines that are rows, ascending.
    private var shown: [Int64] = []
    private var isReading = false
    /// Whether something was written since the reading began.
    private var isBehind = false

    /// Makes the feed; it is empty before ``load()``.
    init(
        audit: any AuditLog, rows: Rows, log: Logger, onChange: @escaping @LoopActor () -> Void
    ) {
        self.audit = audit
        self.rows = rows
        self.log = log
        self.onChange = onChange
    }

    /// Makes rows of the newest lines there are.
    func load() async {
        await show { () throws(RecordsError) in
            try await self.audit.newestLines(before: nil, limit: Self.rowLimit).reversed()
        }
    }

    /// Something was written, or may have been, by whomever: rows follow.
    func note() {
        isBehind = true
        guard !isReading else { return }
        isReading = true
        Task { @LoopActor in
            while isBehind { await readOn() }
            isReading = false
        }
    }

    private func readOn() async {
        isBehind = false
        let last = shown.last ?? 0
        await show { () throws(RecordsError) in
            try await self.audit.lines(after: last, limit: Self.rowLimit)
        }
    }

    private func show(
        _ reading: @LoopActor () async throws(RecordsError) -> [AuditLine]
    ) async {
        do throws(RecordsError) {
            let lines = try await reading()
            for line in lines where line.sequence > shown.last ?? 0 { show(line) }
            // A whole page: there may be more.
            if lines.count == Self.rowLimit { isBehind = true }
        } catch {
            log.error("the audit cannot be read", metadata: ["error": "\(error.message)"])
        }
    }

    /// A page of lines, newest first.
    func page(before: Int64?, limit: Int) async throws(RecordsError) -> [AuditLine] {
        try await audit.newestLines(before: before, limit: limit)
    }

    private func show(_ line: AuditLine) {
        rows.engine.upsert(rows.audit, id: "\(line.sequence)", Self.fields(line.entry))
        shown.append(line.sequence)
        if shown.count > Self.rowLimit {
            rows.engine.remove(rows.audit, id: "\(shown.removeFirst())")
        }
        onChange()
    }

    /// The fields in the order of ``Topics/audit``; what is empty is absent.
    static func fields(_ entry: AuditEntry) -> [FieldUpdate] {
        func text(_ text: String) -> String? { text.isEmpty ? nil : text }
        var row = RowBuilder(capacity: 7)
        row.add(entry.at)
        row.add(text(entry.principal))
        row.add(text(entry.remote))
        row.add(entry.action)
        row.add(text(entry.target))
        row.add(entry.outcome)
        row.add(text(entry.detail))
        return row.updates
    }
}
