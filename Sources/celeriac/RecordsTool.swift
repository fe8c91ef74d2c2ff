internal import ArgumentParser
internal import Credentials
internal import Foundation
internal import Gateway
internal import Records

/// Runs a verb of the command line on the records: opens them beside a running gateway, tells errors
/// in one sentence, and ends with a status that says whether it worked.
enum RecordsTool {
    /// Who asks, for the audit: the system's name of the user.
    static var user: String { NSUserName() }

    /// Opens the records for `work` and closes them after it.
    ///
    /// - Throws: `ExitCode.failure` after the reason was printed.
    static func run(
        _ options: SettingsOptions, _ work: (RecordStore) async throws -> Void
    ) async throws {
        let settings = try options.resolve()
        do {
            let store = try RecordStore(
                directory: settings.data, purpose: .tool, secrets: OpenSSLSecrets())
            for warning in store.warnings { say("warning: \(warning)") }
            try await work(store)
            try store.close()
        } catch {
            say("error: \(error)")
            throw ExitCode.failure
        }
    }

    /// Prints a line of the answer.
    static func answer(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// Prints a line for people only.
    static func say(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// A time for people, in UTC to the second.
    static func time(_ seconds: Double) -> String {
        Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
