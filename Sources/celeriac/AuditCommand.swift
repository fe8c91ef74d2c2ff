internal import ArgumentParser
internal import Foundation
internal import Ports
internal import Records

/// Shows the audit and checks that nobody has changed it. Works beside a running gateway.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show who did what, and check that the record of it is whole.",
        subcommands: [List.self, Verify.self])
}

extension AuditCommand {
    /// Prints lines, oldest first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the lines of the audit, oldest first.")

        @OptionGroup var settings: SettingsOptions
        @Option(help: "Begin behind this line's number; 0 is the oldest kept.") var after: Int64 = 0
        @Option(help: "How many lines at most.") var limit = 1_000
        @Flag(help: "Print JSON, one object a line.") var json = false

        func validate() throws {
            guard after >= 0, limit >= 1 else {
                throw ValidationError("--after must be from 0, --limit from 1 up")
            }
        }

        func run() async throws {
            let (after, limit, isJson) = (after, limit, json)
            try await RecordsTool.run(settings) { store in
                var (last, left) = (after, limit)
                while left > 0 {
                    let page = try await store.lines(after: last, limit: min(left, 1_000))
                    guard let end = page.last else { return }
                    for line in page {
                        RecordsTool.answer(
                            try isJson ? AuditTable.json(line) : AuditTable.text(line))
                    }
                    (last, left) = (end.sequence, left - page.count)
                }
            }
        }
    }

    /// Computes the chain of hashes again.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the audit's chain of hashes; fails and names the line if it is broken."
        )

        @OptionGroup var settings: SettingsOptions

        func run() async throws {
            try await RecordsTool.run(settings) { store in
                switch try await store.verify() {
                case .intact(let lines): RecordsTool.answer("intact: \(lines) lines")
                case .broken(let place):
                    RecordsTool.answer(
                        "broken: line \(place) is missing, or not as it was written")
                    throw BrokenAudit()
                }
            }
        }
    }

    /// The chain of hashes is broken.
    struct BrokenAudit: Error, CustomStringConvertible {
        var description: String {
            "the audit was changed by something other than celeriac; keep the data directory as it is"
        }
    }
}
