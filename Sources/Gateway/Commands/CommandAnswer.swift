internal import Fleet
internal import WireFormats

/// What one worker's answer to a command means.
enum CommandAnswer: Equatable {
    /// It will do, or has done, what was asked; in words. `isWorthKeeping`: the answer itself is what
    /// was asked for.
    case agreed(String, isWorthKeeping: Bool)
    /// It will not, and says why.
    case refused(String)

    /// Reads an answer (wire.md 4.3: `{"error": …}`, `{"ok": …}`, or what was asked for).
    init(_ value: JsonValue, to method: ControlMethod) {
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
        default:
            self = .agreed(
                value["ok"].map { $0.string ?? $0.text() } ?? "answered", isWorthKeeping: false)
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
