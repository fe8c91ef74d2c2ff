internal import Foundation
internal import WireFormats

/// Writes events to standard output, each line whole, and ends the process in peace when nobody reads any more.
struct TailOutput {
    let isJson: Bool
    private let isColored = isatty(STDOUT_FILENO) == 1

    init(isJson: Bool) {
        self.isJson = isJson
        signal(SIGPIPE, SIG_IGN)
    }

    /// A sentence for people, on standard error.
    static func complain(_ text: String) {
        FileHandle.standardError.write(Data("celeriac: \(text)\n".utf8))
    }

    /// One event.
    ///
    /// - Parameter item: as in `events.batch`, format `celeriac`.
    func event(_ item: [JsonValue], epoch: String) {
        guard item.count == 3, let offset = item[0].integer, let at = item[1].double else { return }
        guard isJson else {
            write(line(item[2], at: at))
            return
        }
        var members = [
            JsonMember("position", .string("\(epoch)/\(offset)")), JsonMember("at", .number(at)),
        ]
        members += item[2].object ?? []
        write(JsonValue.object(members).text())
    }

    /// A gap.
    func gap(_ gap: JsonValue) {
        if isJson {
            write(JsonValue.object([JsonMember("gap", gap)]).text())
            return
        }
        let lost = gap["lost"]?.integer.map { "\($0) events" } ?? "an unknown number of events"
        let text = "-- gap: \(lost) missing (\(Self.safe(gap["reason"]?.string ?? ""))) --"
        write(isColored ? "\u{1B}[33m\(text)\u{1B}[0m" : text)
    }

    private func line(_ event: JsonValue, at: Double) -> String {
        func text(_ name: String) -> String { Self.safe(event[name]?.string ?? "") }
        let type = text("type")
        let head = "\(Self.clock(at))  \(Self.padded(type, 16))  "
        var parts = [Self.padded(text("worker"), 24)]
        if !text("id").isEmpty {
            parts += [text("id"), text("name"), text("queue")].filter { !$0.isEmpty }
        }
        let inner = event["event"]
        if let seconds = inner?["runtime"]?.double {
            parts.append("\((seconds * 1_000).rounded() / 1_000) s")
        }
        if let reason = inner?["exception"]?.string {
            parts.append(Self.safe(String(reason.prefix(200))))
        }
        let line = head + parts.joined(separator: "  ")
        guard isColored, let color = Self.color(of: type) else { return line }
        return "\u{1B}[\(color)m\(line)\u{1B}[0m"
    }

    private static func color(of type: String) -> String? {
        switch type {
        case "task-failed", "task-rejected", "worker-offline": "31"
        case "task-succeeded", "worker-online": "32"
        case "task-retried", "task-revoked": "33"
        case "worker-heartbeat": "2"
        default: nil
        }
    }

    /// The broker is not trusted: nothing in an event may move the cursor or begin a line.
    private static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func clock(_ at: Double) -> String {
        let text = IsoTime.text((at * 1_000).rounded() / 1_000)
        let time = text.dropFirst(11).prefix(12)
        return time.contains(".") ? String(time) : "\(time.prefix(8)).000"
    }

    private func write(_ line: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
        } catch {
            let cause =
                (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
            // Nobody reads any more, such as `head`: that is an end, not a fault.
            exit(cause.domain == NSPOSIXErrorDomain && cause.code == Int(EPIPE) ? 0 : 1)
        }
    }
}
