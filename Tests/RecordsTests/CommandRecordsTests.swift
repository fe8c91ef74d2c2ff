import Foundation
import Ports
import Testing

@testable import Records

@Suite struct CommandRecordsTests {
    private func full(_ number: Int) -> CommandRecord {
        var record = command(number)
        record.sentAt = 1000.5
        record.evidence = ["celery@a: 'ok'", "räksmörgås \u{1F955} \"quoted\"\n"]
        record.reason = "why"
        record.fix = "worker_pool_restarts = True"
        record.taskID = "9f0c"
        record.silent = ["celery@b", "celery@c"]
        record.remains = #"{"workers":["celery@b"]}"#
        return record
    }

    @Test func `a command comes back as it was recorded`() async throws {
        let site = TemporarySite()
        let store = try site.open()
        let record = full(1)

        let beginning = try await store.begin(
            record, claim: claim(1), audit: line("queue.purge"), revokes: [])
        try store.close()

        #expect(beginning == .new)
        #expect(try await site.open().openCommands() == [record])
    }

    @Test func `the same key and request give the recorded command and answer`() async throws {
        let store = try TemporarySite().open()
        var record = full(1)
        _ = try await store.begin(
            record, claim: claim(1), audit: line("queue.purge"), revokes: [])
        let unanswered = try await store.begin(
            command(2), claim: claim(1), audit: line("queue.purge"), revokes: [])
        record.stage = .sent
        try await store.update(record, answer: #"{"state":"accepted"}"#, audit: nil)
        let before = record
        record.stage = .confirmed
        record.endedAt = 1002
        try await store.update(record, answer: nil, audit: line("queue.purge.confirmed"))

        let repeated = try await store.begin(
            command(3), claim: claim(1), audit: line("queue.purge"), revokes: [])

        #expect(before.stage == .sent)
        #expect(unanswered == .duplicate(full(1), answer: nil))
        #expect(repeated == .duplicate(record, answer: #"{"state":"accepted"}"#))
        #expect(try await store.recentCommands(since: 0, limit: 10) == [record])
        #expect(
            try await store.lines(after: 0, limit: 10).map(\.entry.action)
                == ["queue.purge", "queue.purge.confirmed"])
    }

    @Test func `what is answered at once is kept with the record`() async throws {
        let store = try TemporarySite().open()
        var answered = claim(1)
        answered.answer = #"{"state":"accepted"}"#
        _ = try await store.begin(full(1), claim: answered, audit: line("worker.ping"), revokes: [])

        let repeated = try await store.begin(
            command(2), claim: claim(1), audit: line("worker.ping"), revokes: [])

        #expect(repeated == .duplicate(full(1), answer: #"{"state":"accepted"}"#))
        answered = claim(2)
        answered.answer = String(repeating: "x", count: Limits.answerBytes + 1)
        await #expect(throws: RecordsError.self) {
            _ = try await store.begin(
                command(2), claim: answered, audit: line("worker.ping"), revokes: [])
        }
        answered.answer?.removeLast()
        #expect(
            try await store.begin(
                command(2), claim: answered, audit: line("worker.ping"), revokes: []) == .new)
    }

    @Test func `what a command leaves behind later comes with its row, or neither does`()
        async throws
    {
        let store = try TemporarySite().open()
        func revoke(_ task: String) -> OpenRevoke {
            OpenRevoke(taskID: task, command: "c-1", at: 1000, expiresAt: 2000)
        }
        try await store.begin(1)
        var record = command(1)
        record.evidence = ["the tasks are recorded"]

        try await store.leave(DesiredState(revokes: [revoke("t1"), revoke("t2")]), by: record)
        await #expect(throws: RecordsError.self) {
            try await store.leave(DesiredState(revokes: [revoke("t3")]), by: command(2))
        }
        record.evidence = ["more"]
        await #expect(throws: RecordsError.self) {
            try await store.leave(DesiredState(revokes: [revoke("t4"), revoke("")]), by: record)
        }

        #expect(try await store.openRevokes(now: 1000).map(\.taskID) == ["t1", "t2"])
        #expect(try await store.openCommands().map(\.evidence) == [["the tasks are recorded"]])
    }

    @Test func `the key of a command is told, and of no other`() async throws {
        let store = try TemporarySite().open()
        _ = try await store.begin(
            full(1), claim: claim(1), audit: line("task.group"), revokes: [])

        #expect(try await store.key(of: full(1).id) == claim(1).key)
        #expect(try await store.key(of: full(2).id) == nil)
    }

    @Test func `looking for a key records nothing`() async throws {
        let store = try TemporarySite().open()
        #expect(try await store.known(claim(1), now: 1000) == .new)
        #expect(try await store.known(claim(1), now: 1000) == .new)
        _ = try await store.begin(
            full(1), claim: claim(1), audit: line("queue.purge"), revokes: [])
        var other = claim(1)
        other.request = Array("another".utf8)

        #expect(try await store.known(claim(1), now: 1000) == .duplicate(full(1), answer: nil))
        #expect(try await store.known(other, now: 1000) == .conflict)
        let end = full(1).at + Limits.idempotencySeconds
        #expect(try await store.known(claim(1), now: end - 1) != .new)
        #expect(try await store.known(claim(1), now: end) == .new)
        #expect(try await store.recentCommands(since: 0, limit: 10).count == 1)
    }

    @Test func `the same key for another request is a conflict and changes nothing`() async throws {
        let store = try TemporarySite().open()
        try await store.begin(1)

        let beginning = try await store.begin(
            command(2), claim: claim(1, request: "purge other"), audit: line("queue.purge"),
            revokes: [])

        #expect(beginning == .conflict)
        #expect(try await store.openCommands().map(\.id) == ["c-1"])
        #expect(try await store.lines(after: 0, limit: 10).count == 1)
    }

    @Test func `another principal's key is another key`() async throws {
        let store = try TemporarySite().open()
        try await store.begin(1)
        var other = claim(1)
        other.principal = "p2"

        let beginning = try await store.begin(
            command(2), claim: other, audit: line("queue.purge"), revokes: [])

        #expect(beginning == .new)
    }

    @Test func `a key is free again after a day`() async throws {
        let store = try TemporarySite().open()
        try await store.begin(1, at: 1000)

        let before = try await store.begin(
            command(2, at: 87_399), claim: claim(1), audit: line("a"), revokes: [])
        let after = try await store.begin(
            command(3, at: 87_400), claim: claim(1), audit: line("a"), revokes: [])

        #expect(before == .duplicate(command(1), answer: nil))
        #expect(after == .new)
    }

    @Test func `of many equal submissions at once one is new`() async throws {
        let store = try TemporarySite().open()

        let beginnings = try await withThrowingTaskGroup(of: CommandBeginning.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await store.begin(
                        command(number), claim: claim(7), audit: line("queue.purge"), revokes: [])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(beginnings.count { $0 == .new } == 1)
        #expect(try await store.openCommands().count == 1)
    }

    @Test func `nothing is recorded if one part cannot be`() async throws {
        let store = try TemporarySite().open()
        let revoke = OpenRevoke(taskID: "t", command: "c-1", at: 1000, expiresAt: .infinity)

        let refusal = await #expect(throws: RecordsError.self) {
            try await store.begin(
                command(1), claim: claim(1), audit: line("task.revoke"), revokes: [revoke])
        }

        #expect(refusal?.code == .invalid)
        #expect(try await store.openCommands().isEmpty)
        #expect(try await store.lines(after: 0, limit: 10).isEmpty)
        #expect(try await store.begin(1) == .new)
    }

    @Test func `an update of what is not recorded is refused`() async throws {
        let store = try TemporarySite().open()

        let refusal = await #expect(throws: RecordsError.self) {
            try await store.update(command(1), answer: nil, audit: line("a"))
        }

        #expect(refusal?.code == .notFound)
        #expect(try await store.lines(after: 0, limit: 10).isEmpty)
    }

    @Test func `open and recent commands are those asked for, oldest first`() async throws {
        let store = try TemporarySite().open()
        for number in 1...5 { try await store.begin(number, at: 1000 + Double(number)) }
        for (number, stage) in [(1, CommandStage.confirmed), (2, .unknown), (3, .sent)] {
            var record = command(number, stage: stage, at: 1000 + Double(number))
            record.endedAt = stage.isOpen ? nil : 2000 + Double(number)
            try await store.update(record, answer: nil, audit: nil)
        }

        #expect(try await store.openCommands().map(\.id) == ["c-3", "c-4", "c-5"])
        #expect(
            try await store.recentCommands(since: 2002, limit: 10).map(\.id)
                == ["c-2", "c-3", "c-4", "c-5"])
        #expect(try await store.recentCommands(since: 0, limit: 2).map(\.id) == ["c-4", "c-5"])
    }
}
