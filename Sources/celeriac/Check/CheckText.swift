internal import Fleet
internal import Gateway
internal import WireFormats

/// The outcome of `celeriac check` for people or programs.
struct CheckText {
    var settings: Settings
    /// Sentences about the URLs.
    var warnings: [String] = []
    var servers: [BrokerTest.Outcome] = []
    var report: CheckReport?

    /// Whether nothing is wrong that must be put right.
    var isGood: Bool { servers.allSatisfy(\.isGood) && report?.hasErrors != true }

    /// Lines for people.
    var text: [String] {
        var lines = ["settings"]
        for entry in settings.entries {
            let text = entry.text.isEmpty ? "-" : entry.text
            lines.append("  \(padded(entry.name.rawValue))\(text)  (\(entry.source))")
        }
        for warning in warnings { lines.append("  ! \(warning)") }
        for server in servers {
            lines.append(server.role)
            if let reason = server.reason {
                lines.append(inert("  ✗ \(server.url): \(reason)"))
                if let fix = BrokerAdvice.fix(for: reason) { lines.append("      → \(fix)") }
            } else {
                let version =
                    server.version.flatMap { $0.isEmpty ? nil : $0 } ?? "of unknown version"
                lines.append("  ✓ \(server.url) answers: Redis \(version)")
            }
        }
        guard let report else { return lines }
        lines.append("fleet")
        lines.append(
            "  \(report.workers.count) workers, \(report.queues.count) queues, "
                + "\(report.events) events while listening")
        if !report.isBrokerKnown { lines.append("  ! the server may not be asked about itself") }
        lines.append("findings")
        if report.findings.isEmpty { lines.append("  ✓ none") }
        for finding in report.findings {
            let mark =
                switch finding.severity {
                case .error: "✗"
                case .warning: "!"
                case .info: "·"
                }
            lines.append(
                inert(
                    "  \(mark) \(finding.rule): \(finding.subject): \(finding.title). \(finding.detail)"
                ))
            lines.append(inert("      → \(finding.fix)"))
        }
        return lines
    }

    /// One JSON object.
    var json: String {
        var writer = JsonWriter()
        writer.beginObject()
        writer.member("ok", isGood)
        writer.name("settings")
        writer.beginArray()
        for entry in settings.entries {
            writer.beginObject()
            writer.member("name", entry.name.rawValue)
            writer.member("value", entry.text)
            writer.member("source", entry.source.description)
            writer.endObject()
        }
        writer.endArray()
        writer.name("warnings")
        write(warnings, to: &writer)
        writer.name("servers")
        writer.beginArray()
        for server in servers {
            writer.beginObject()
            writer.member("role", server.role)
            writer.member("url", server.url)
            writer.member("ok", server.isGood)
            writer.member("version", server.version)
            writer.member("reason", server.reason)
            writer.member("fix", server.reason.flatMap(BrokerAdvice.fix))
            writer.endObject()
        }
        writer.endArray()
        if let report { write(report, to: &writer) }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func write(_ report: CheckReport, to writer: inout JsonWriter) {
        writer.member("isBrokerKnown", report.isBrokerKnown)
        writer.member("events", report.events)
        writer.name("workers")
        write(report.workers, to: &writer)
        writer.name("queues")
        write(report.queues, to: &writer)
        writer.name("findings")
        writer.beginArray()
        for finding in report.findings {
            writer.beginObject()
            writer.member("severity", finding.severity.rawValue)
            writer.member("rule", finding.rule)
            writer.member("subject", finding.subject)
            writer.member("title", finding.title)
            writer.member("detail", finding.detail)
            writer.member("fix", finding.fix)
            writer.member("offer", finding.offer?.command)
            writer.endObject()
        }
        writer.endArray()
    }

    private func write(_ texts: [String], to writer: inout JsonWriter) {
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
    }

    private func padded(_ name: String) -> String {
        name + String(repeating: " ", count: max(1, 22 - name.count))
    }

    /// Names of workers and queues come from the wire and must not move the terminal's cursor.
    private func inert(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.value < 0x20 || 0x7F...0x9F ~= $0.value || 0x202A...0x202E ~= $0.value
                        || 0x2066...0x2069 ~= $0.value ? "\u{FFFD}" : $0
                }))
    }
}
