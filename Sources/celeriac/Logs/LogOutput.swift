internal import Foundation
internal import Gateway
internal import Logging
internal import WireFormats

/// Where and how the process logs: text for people at a terminal, one JSON object a line otherwise.
enum LogOutput {
    /// Sets the process's log handler; call once, before the first logger is made.
    static func start(level: Settings.LogLevel, format: Settings.LogFormat) {
        let isJson =
            switch format {
            case .auto: isatty(STDERR_FILENO) != 1
            case .text: false
            case .json: true
            }
        let level = Logger.Level(rawValue: level.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, logLevel: level, isJson: isJson)
        }
    }
}

/// Writes one line per message to standard error.
struct LineLogHandler: LogHandler {
    private static let output = LineWriter(descriptor: STDERR_FILENO)

    let label: String
    var logLevel: Logger.Level
    let isJson: Bool
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let fields = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let now = Date()
        var line =
            isJson
            ? jsonLine(event, fields, now) : Array(textLine(event, fields, now).utf8)
        line.append(UInt8(ascii: "\n"))
        Self.output.write(line)
    }

    private func jsonLine(
        _ event: LogEvent, _ fields: [(String, String)], _ now: Date
    ) -> [UInt8] {
        var writer = JsonWriter()
        writer.beginObject()
        writer.member(
            "time", now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        writer.member("level", event.level.rawValue)
        writer.member("logger", label)
        writer.member("message", "\(event.message)")
        for (name, value) in fields { writer.member(name, value) }
        writer.endObject()
        return writer.bytes
    }

    private func textLine(
        _ event: LogEvent, _ fields: [(String, String)], _ now: Date
    ) -> String {
        let time = now.formatted(.iso8601.time(includingFractionalSeconds: false))
        let details = fields.map { "  \($0.0)=\(Self.inert($0.1))" }.joined()
        return
            "\(time) \(event.level.rawValue.uppercased()) \(Self.inert("\(event.message)"))\(details)"
    }

    /// The text without control characters: what comes from the wire must not forge lines or move
    /// the cursor.
    private static func inert(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
            let isDirection = 0x202A...0x202E ~= scalar.value || 0x2066...0x2069 ~= scalar.value
            result.append(isControl || isDirection ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }
}
