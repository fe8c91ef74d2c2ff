internal import EventLoop
internal import Logging
internal import Ports
internal import WireFormats

/// Writes to the audit what is not part of a command's own record: sessions and refusals.
@LoopActor
final class AuditDesk {
    private let audit: any AuditLog
    private let clock: GatewayClock
    private let log: Logger
    private let redactor: Redactor
    private let onLine: @LoopActor () -> Void
    /// When each line was handed over that is not written yet.
    private var waiting: [Int: Double] = [:]
    private var handed = 0
    private var strangers = RefusalLedger(RefusalLedger.strangers)
    private var principals = RefusalLedger(RefusalLedger.principals)

    /// Makes the desk.
    ///
    /// - Parameters:
    ///   - redactor: takes secrets out of what is quoted of somebody.
    ///   - onLine: called when a line was written.
    init(
        audit: any AuditLog, clock: GatewayClock, log: Logger, redactor: Redactor = .standard,
        onLine: @escaping @LoopActor () -> Void
    ) {
        self.audit = audit
        self.redactor = redactor
        self.onLine = onLine
        self.clock = clock
        self.log = log
    }

    /// Writes a line.
    func note(_ entry: AuditEntry) async {
        var entry = entry
        entry.action = redactor.redacted(entry.action)
        entry.target = redactor.redacted(entry.target)
        entry.detail = redactor.redacted(entry.detail)
        handed += 1
        let number = handed
        waiting[number] = clock.now()
        defer { waiting[number] = nil }
        do {
            try await audit.append(entry)
            onLine()
        } catch {
            // What it is about has happened either way; the log keeps what the audit cannot.
            log.error(
                "not in the audit",
                metadata: ["action": "\(entry.action)", "error": "\(error.message)"])
        }
    }

    /// Seconds for which the oldest line has waited to be written; 0 if none waits.
    func lag(now: Double) -> Double {
        waiting.values.min().map { max(0, now - $0) } ?? 0
    }

    /// Writes a refusal, or counts it if its source has had too many.
    ///
    /// - Parameter principal: the id of who was refused; `nil` for a stranger, who counts by address.
    func refused(_ entry: AuditEntry, principal: String?) async {
        let lines =
            if let principal {
                principals.note(entry, of: principal)
            } else {
                strangers.note(entry, of: AttemptGuard.group(entry.remote))
            }
        for line in lines { await note(line) }
    }

    /// Once a second: writes how many refusals were only counted, when their time is over.
    func tick() {
        let now = clock.now()
        let lines = strangers.due(now: now) + principals.due(now: now)
        guard !lines.isEmpty else { return }
        Task { @LoopActor in
            for line in lines { await note(line) }
        }
    }

    /// At the end: writes all that was only counted.
    func end() async {
        let now = clock.now()
        for line in strangers.end(now: now) + principals.end(now: now) { await note(line) }
    }
}
