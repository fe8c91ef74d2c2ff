import GRDB
import Ports
import Testing

@testable import Records

@Suite struct LimitsTests {
    private let store: RecordStore
    private let site = TemporarySite()

    init() throws { store = try site.open() }

    private func begins(_ record: CommandRecord, key: String) async -> RecordsError.Code? {
        do throws(RecordsError) {
            let beginning = try await store.begin(
                record, claim: IdempotencyClaim(principal: "p", key: key, request: []),
                audit: line("a"), revokes: [])
            return beginning == .new ? nil : .failed
        } catch {
            return error.code
        }
    }

    @Test func `names and keys have their length and no NUL`() async {
        var record = command(1)
        record.id = String(repeating: "i", count: 64)
        #expect(await begins(record, key: String(repeating: "k", count: 128)) == nil)
        #expect(await begins(command(2), key: String(repeating: "k", count: 129)) == .invalid)
        #expect(await begins(command(2), key: "") == .invalid)
        #expect(await begins(command(2), key: "a\u{0}") == .invalid)
        record.id += "i"
        #expect(await begins(record, key: "b") == .invalid)
        record = command(3)
        record.taskID = String(repeating: "t", count: 512)
        #expect(await begins(record, key: "c") == nil)
        record = command(4)
        record.taskID = String(repeating: "t", count: 513)
        #expect(await begins(record, key: "d") == .invalid)
    }

    @Test func `arguments and answers have their length`() async throws {
        var record = command(1)
        record.arguments = String(repeating: "x", count: Limits.argumentBytes)
        #expect(await begins(record, key: "a") == nil)
        record = command(2)
        record.arguments = String(repeating: "x", count: Limits.argumentBytes + 1)
        #expect(await begins(record, key: "b") == .invalid)

        let answer = String(repeating: "x", count: Limits.answerBytes)
        try await store.update(command(1), answer: answer, audit: nil)
        await #expect(throws: RecordsError.self) {
            try await store.update(command(1), answer: answer + "x", audit: nil)
        }
    }

    @Test func `evidence is cut in length and number`() async throws {
        var record = command(1)
        record.evidence = (1...Limits.evidence).map { "worker \($0)" }
        record.silent = (1...Limits.silent + 1).map { "w\($0)" }
        record.reason = String(repeating: "r", count: Limits.sentenceBytes)
        record.fix = String(repeating: "f", count: Limits.sentenceBytes + 1)
        #expect(await begins(record, key: "a") == nil)

        let kept = try #require(try await store.openCommands().first)

        #expect(kept.evidence == record.evidence)
        #expect(kept.silent.count == Limits.silent)
        #expect(kept.silent.last == "… and 2 more")
        #expect(kept.reason == record.reason)
        #expect(kept.fix?.utf8.count == Limits.sentenceBytes)
        #expect(kept.fix?.hasSuffix("f…") == true)
    }

    @Test(arguments: [(0, nil), (1, RecordsError.Code.invalid)])
    func `what remains of a command is bounded`(more: Int, refusal: RecordsError.Code?) async throws
    {
        var record = command(1)
        record.remains = String(repeating: "r", count: Limits.remainsBytes + more)

        #expect(await begins(record, key: "a") == refusal)
    }

    @Test func `idempotency keys are refused beyond their bound, until old ones are pruned`()
        async throws
    {
        try await store.begin(1)
        try await store.write("filling") { db in
            try db.execute(
                sql: "UPDATE idempotency SET number = ?", arguments: [Limits.idempotencyKeys])
            try db.execute(
                sql: """
                    INSERT INTO idempotency (number, principal, key, request, command, created)
                    SELECT 2, 'p', 'first', request, command, 1 FROM idempotency
                    """)
        }
        #expect(try await store.begin(2) == .new)

        let refusal = await #expect(throws: RecordsError.self) { try await store.begin(3) }
        #expect(refusal?.code == .overloaded)

        #expect(try await store.prune(now: 1 + Limits.idempotencySeconds) == 1)
        #expect(try await store.begin(3) == .new)
    }

    @Test func `open revocations are refused beyond their bound, all of the command's`()
        async throws
    {
        let revokes = (1...Limits.openRevokes).map {
            OpenRevoke(taskID: "t\($0)", command: "c-1", at: 1000, expiresAt: 2000)
        }
        _ = try await store.begin(
            command(1), claim: claim(1), audit: line("task.revoke"), revokes: revokes)
        let more = OpenRevoke(taskID: "more", command: "c-2", at: 1000, expiresAt: 2000)

        let refusal = await #expect(throws: RecordsError.self) {
            try await store.begin(
                command(2), claim: claim(2), audit: line("task.revoke"), revokes: [more])
        }

        #expect(refusal?.code == .overloaded)
        #expect(try await store.openRevokes(now: 1000).count == Limits.openRevokes)
        #expect(try await store.openCommands().map(\.id) == ["c-1"])
    }

    @Test func `an audit page has at most its size`() async throws {
        for number in 0...Limits.auditPage { try await store.append(line("a\(number)")) }

        #expect(try await store.lines(after: 0, limit: .max).count == Limits.auditPage)
        #expect(try await store.lines(after: 0, limit: -1).count == 1)
    }
}
