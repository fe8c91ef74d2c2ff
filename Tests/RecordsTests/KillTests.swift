import Foundation
import GRDB
import Ports
import Synchronization
import Testing

@testable import Records

/// Kills a process in the middle of its writing, again and again, and looks at what it leaves: each
/// command with its key, answer, revocation and audit line is there whole or not at all, and what was
/// reported as recorded is there.
@Suite struct KillTests {
    private static let kills = 60

    @Test func `a killed gateway leaves every record whole or absent`() async throws {
        let site = TemporarySite()
        var recorded = 0
        for round in 1...Self.kills {
            let path = site.path
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, round = round as Int] in
                try await KilledWriter(path: path, round: round).run()
            }
            recorded = try await check(site)
        }
        // Kills that come before the first record would show nothing.
        #expect(recorded > Self.kills)
    }

    /// - Returns: how many commands are recorded.
    private func check(_ site: TemporarySite) async throws -> Int {
        // The lock of the killed one is free again.
        let store = try site.open(.gateway)
        guard case .intact(let lines) = try await store.verify() else {
            Issue.record("the audit is broken")
            return 0
        }
        let health = try await store.read("checking") {
            try String.fetchOne($0, sql: "PRAGMA integrity_check")
        }
        #expect(health == "ok")
        let commands = try await store.recentCommands(since: 0, limit: .max)
        let revokes = Set(try await store.openRevokes(now: 0).map(\.taskID))
        var expectedLines = 0
        for command in commands {
            let repeated = try await store.begin(
                command, claim: KilledWriter.claim(command.id), audit: line("never"), revokes: [])
            let isUpdated = command.stage == .confirmed
            #expect(
                repeated == .duplicate(command, answer: isUpdated ? "answer \(command.id)" : nil))
            #expect(command.evidence == (isUpdated ? ["seen by \(command.id)"] : []))
            #expect(revokes.contains(command.id))
            expectedLines += isUpdated ? 2 : 1
        }
        #expect(revokes.count == commands.count)
        #expect(lines == expectedLines)
        let stages = Dictionary(uniqueKeysWithValues: commands.map { ($0.id, $0.stage) })
        for (id, stage) in try KilledWriter.reported(at: site.path) {
            #expect(stages[id] == stage || stages[id] == .confirmed, "\(id) was reported")
        }
        try store.close()
        return commands.count
    }
}

/// The process that is killed: records commands one after the other, and reports each change to a
/// file as soon as it was told that the change is recorded.
private struct KilledWriter {
    let path: String
    let round: Int

    static func claim(_ id: String) -> IdempotencyClaim {
        IdempotencyClaim(principal: "p", key: "key \(id)", request: Array("request \(id)".utf8))
    }

    static func reported(at path: String) throws -> [(String, CommandStage)] {
        guard let data = FileManager.default.contents(atPath: path + "/reported") else { return [] }
        return try String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            try #require(words.count == 2)
            return (String(words[0]), try #require(CommandStage(rawValue: String(words[1]))))
        }
    }

    func run() async throws {
        let store = try RecordStore(
            directory: path, purpose: .gateway, secrets: TestSecrets.shared)
        let report = open(path + "/reported", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        killSoon()
        for number in 1... {
            let id = "c-\(round)-\(number)"
            var record = command(0)
            record.id = id
            let revoke = OpenRevoke(taskID: id, command: id, at: 1, expiresAt: 2000)
            _ = try await store.begin(
                record, claim: Self.claim(id), audit: line("begin"), revokes: [revoke])
            say("\(id) accepted\n", report)
            record.stage = .confirmed
            record.evidence = ["seen by \(id)"]
            try await store.update(record, answer: "answer \(id)", audit: line("end"))
            say("\(id) confirmed\n", report)
        }
    }

    /// Ends this process by SIGKILL after a time of 0 to 60 ms that nobody chose.
    private func killSoon() {
        let microseconds = UInt32.random(in: 0..<60_000)
        Thread.detachNewThread {
            usleep(microseconds)
            kill(getpid(), SIGKILL)
        }
    }

    private func say(_ text: String, _ descriptor: Int32) {
        let bytes = Array(text.utf8)
        precondition(write(descriptor, bytes, bytes.count) == bytes.count)
    }
}
