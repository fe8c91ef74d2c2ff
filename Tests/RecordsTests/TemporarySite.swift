import Credentials
import Foundation
import Ports
import Records

/// A data directory of one test; it goes with the last reference.
final class TemporarySite: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory
            .appendingPathComponent("celeriac-records-\(UUID().uuidString)").path
    }

    deinit {
        // What a test leaves in the temporary directory is the system's to remove.
        try? FileManager.default.removeItem(atPath: path)
    }

    func open(_ purpose: RecordStore.Purpose = .tool) throws -> RecordStore {
        try RecordStore(directory: path, purpose: purpose, secrets: OpenSSLSecrets())
    }

    var database: String { path + "/celeriac.sqlite" }
}

/// A command's row, its claim and its audit line, all of one number.
func command(
    _ number: Int, stage: CommandStage = .accepted, at: Double = 1000
) -> CommandRecord {
    CommandRecord(
        id: "c-\(number)", command: "queue.purge", arguments: #"{"queue":"mail"}"#,
        target: "queue mail", principal: "p1", by: "ops", stage: stage, at: at,
        deadlineAt: at + 10)
}

func claim(_ number: Int, request: String = "purge mail") -> IdempotencyClaim {
    IdempotencyClaim(principal: "p1", key: "k-\(number)", request: Array(request.utf8))
}

func line(_ action: String, at: Double = 1000) -> AuditEntry {
    AuditEntry(
        at: at, principal: "ops", remote: "127.0.0.1", action: action, target: "queue mail",
        outcome: "accepted")
}

extension RecordStore {
    @discardableResult
    func begin(_ number: Int, at: Double = 1000) async throws -> CommandBeginning {
        try await begin(
            command(number, at: at), claim: claim(number), audit: line("queue.purge", at: at),
            revokes: [])
    }
}
