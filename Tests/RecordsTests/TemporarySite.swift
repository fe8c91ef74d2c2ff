import Credentials
import Foundation
import Ports
import Records
import Synchronization

/// A data directory of one test. It stays until the process ends, because a database whose file is
/// removed while it is open is not the case to test.
struct TemporarySite: Sendable {
    let path: String

    init() {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("celeriac-records-\(UUID().uuidString)").path
        Self.remember(path)
    }

    func open(_ purpose: RecordStore.Purpose = .tool) throws -> RecordStore {
        try RecordStore(directory: path, purpose: purpose, secrets: OpenSSLSecrets())
    }

    var database: String { path + "/celeriac.sqlite" }

    private static let made = Mutex<[String]>([])

    private static func remember(_ path: String) {
        made.withLock { paths in
            if paths.isEmpty {
                atexit {
                    for path in TemporarySite.made.withLock({ $0 }) {
                        // What cannot be removed is the system's to remove.
                        try? FileManager.default.removeItem(atPath: path)
                    }
                }
            }
            paths.append(path)
        }
    }
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

enum TestSecrets {
    static let shared = OpenSSLSecrets()
}
