import Foundation
import GRDB
import Ports
import Synchronization
import Testing

@testable import Records

/// Kills a process in the middle of its writing, again and again, and looks at what it leaves: each
/// command with its key, answer, revocations, trash, pause and audit line is there whole or not at all,
/// and what was reported as recorded is there.
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
        #expect(recorded >= Self.kills / 2)
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
        let stamps = Set(try await store.openStampRevokes(now: 0).map(\.command))
        let trash = Dictionary(
            uniqueKeysWithValues: try await store.trash(now: 0).map { ($0.id, $0.counts) })
        let paused = Dictionary(
            uniqueKeysWithValues: try await store.pausedQueues().map { ($0.queue, $0.consumers) })
        var expectedLines = 0
        for command in commands {
            let repeated = try await store.begin(
                command, claim: KilledWriter.claim(command.id), audit: line("never"), revokes: [])
            let isUpdated = command.stage == .confirmed
            #expect(
                repeated == .duplicate(command, answer: isUpdated ? "answer \(command.id)" : nil))
            let hasLeft = command.evidence == [KilledWriter.left]
            #expect(
                command.evidence == (isUpdated ? ["seen by \(command.id)"] : []) || hasLeft)
            #expect(revokes.contains(command.id))
            // What it left behind later is there exactly if its row says so.
            #expect(revokes.contains("\(command.id)+later") == (isUpdated || hasLeft))
            let isFull = KilledWriter.isFull(command.id)
            #expect(stamps.contains(command.id) == isFull)
            #expect((trash[command.id] != nil) == isFull)
            // Counted before the command ends, which is before the next thing.
            #expect(!isFull || !isUpdated || trash[command.id] == KilledWriter.counts)
            #expect((paused[command.id] != nil) == isFull)
            #expect(paused[command.id]?.map(\.worker) == (isFull ? ["celery@a"] : nil))
            expectedLines += isUpdated ? 2 : 1
        }
        let later = revokes.count { $0.hasSuffix("+later") }
        #expect(revokes.count == commands.count + later)
        let full = commands.count { KilledWriter.isFull($0.id) }
        #expect(stamps.count == full && trash.count == full && paused.count == full)
        #expect(lines == expectedLines)
        let stages = Dictionary(uniqueKeysWithValues: commands.map { ($0.id, $0.stage) })
        for (id, what) in try KilledWriter.reported(at: site.path) {
            #expect(stages[id] == what.stage || stages[id] == .confirmed, "\(id) was reported")
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

    /// What was reported of a command.
    enum Report: String {
        case accepted, confirmed

        /// The stage that it must have reached.
        var stage: CommandStage { self == .accepted ? .accepted : .confirmed }
    }

    /// What a row says whose command has left something behind later.
    static let left = "its tasks are recorded"

    /// What the trash of a command holds in the end.
    static let counts: [Int]? = [3, 2, 1, 0]

    /// Whether a command also leaves what is bounded to 1,000: the first 10 of each round.
    static func isFull(_ id: String) -> Bool {
        id.split(separator: "-").last.flatMap { Int($0) }.map { $0 <= 10 } ?? false
    }

    private func desired(of id: String) -> DesiredState {
        var desired = DesiredState(
            revokes: [OpenRevoke(taskID: id, command: id, at: 1, expiresAt: 2000)])
        guard Self.isFull(id) else { return desired }
        desired.stamps = [
            OpenStampRevoke(command: id, stamps: ["s": [id]], at: 1, expiresAt: 2000)
        ]
        desired.trash = TrashRecord(id: id, queue: "q", by: "ops", at: 1, expiresAt: 2000)
        desired.pause = PausedQueue(
            queue: id, by: "ops", at: 1, consumers: [PausedConsumer(worker: "celery@a")])
        return desired
    }

    static func reported(at path: String) throws -> [(String, Report)] {
        guard let data = FileManager.default.contents(atPath: path + "/reported") else { return [] }
        return try String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            try #require(words.count == 2)
            return (String(words[0]), try #require(Report(rawValue: String(words[1]))))
        }
    }

    func run() async throws {
        let store = try RecordStore(
            directory: path, purpose: .gateway, secrets: TestSecrets.shared)
        let report = open(path + "/reported", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // Every other round records something first: a slow machine might never come so far.
        let recordsFirst = round.isMultiple(of: 2)
        if !recordsFirst { killSoon() }
        for number in 1... {
            let id = "c-\(round)-\(number)"
            var record = command(0)
            record.id = id
            let desired = desired(of: id)
            _ = try await store.begin(
                record, claim: Self.claim(id), audit: line("begin"), desired: desired)
            say("\(id) accepted\n", report)
            if recordsFirst, number == 1 { killSoon() }
            if var trash = desired.trash {
                trash.counts = Self.counts
                try await store.update(trash)
            }
            record.evidence = [Self.left]
            try await store.leave(
                DesiredState(revokes: [
                    OpenRevoke(taskID: "\(id)+later", command: id, at: 1, expiresAt: 2000)
                ]), by: record)
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
