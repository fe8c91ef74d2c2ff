internal import Fleet
internal import WireFormats

/// What one worker's answer to a command means.
enum CommandAnswer: Equatable {
    /// It will do, or has done, what was asked; in words. `isWorthKeeping`: the answer itself is what
    /// was asked for.
    case agreed(String, isWorthKeeping: Bool)
    /// It will not, and says why.
    case refused(String)
    /// It says `ok`, which may mean that nothing was done; why, in words.
    case undecided(String)

    /// Reads an answer (wire.md 4.3: `{"error": …}`, `{"ok": …}`, or what was asked for).
    ///
    /// - Parameter sendsEvents: whether task events come from that worker; `nil` if nothing tells.
    init(_ value: JsonValue, to method: ControlMethod, sendsEvents: Bool?) {
        if value.object?.count == 1, let error = value["error"] {
            self = .refused(error.string ?? error.text())
            return
        }
        switch method {
        case .queryTask: self = .agreed(Self.tasks(value), isWorthKeeping: true)
        case .memsample:
            // Celery answers null if it cannot measure (celery/utils/debug.py).
            guard let text = value.string ?? value["ok"]?.string else {
                self = .refused("psutil is not installed there")
                return
            }
            self = .agreed("\(text) resident", isWorthKeeping: true)
        case .report:
            let text = value["ok"]?.string ?? value.text()
            self = .agreed(Self.firstLine(text), isWorthKeeping: true)
        case .disableEvents: self = Self.disabled(Self.word(value), sendsEvents)
        default: self = .agreed(Self.word(value), isWorthKeeping: false)
        }
    }

    private static func word(_ value: JsonValue) -> String {
        value["ok"].map { $0.string ?? $0.text() } ?? "answered"
    }

    /// "already disabled" is also what a worker says that was started with `-E`, and goes on sending: it
    /// sends all groups of events, and the command only takes one name off an empty list
    /// (`disable_events` in celery/worker/control.py). So it counts only where none come.
    private static func disabled(_ text: String, _ sendsEvents: Bool?) -> CommandAnswer {
        guard text.contains("already disabled") else { return .agreed(text, isWorthKeeping: false) }
        switch sendsEvents {
        case false: return .agreed(text, isWorthKeeping: false)
        case true:
            return .refused("\(text); if it was started with -E, Celery cannot switch them off")
        case nil:
            return .undecided(
                "\(text), which it says as well if it was started with -E and goes on sending; "
                    + "it has run too little to tell")
        }
    }

    private static func tasks(_ value: JsonValue) -> String {
        let known = TaskInfo.queried(value)
        guard !known.isEmpty else { return "knows none of them" }
        return known.map { "\($0.task.id) is \($0.state)" }.joined(separator: ", ")
    }

    /// `software -> celery:5.7.0 (…) kombu:5.7.0 py:3.11` of a report.
    private static func firstLine(_ text: String) -> String {
        let line = text.split(separator: "\n").first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return line.split(separator: " ").joined(separator: " ")
    }
}
