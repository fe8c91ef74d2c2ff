import Foundation
import GRDB
import Ports
import Testing

@testable import Records

@Suite struct TokenTests {
    private let site = TemporarySite()
    private let store: RecordStore

    init() throws { store = try site.open() }

    private func create(
        _ name: String, role: Role = .bot, expiresAt: Double? = nil, now: Double = 1000
    ) async throws -> NewToken {
        try await store.createToken(
            name: name, role: role, expiresAt: expiresAt, now: now, remote: "local", by: "root")
    }

    @Test func `a token is listed with everything but its secret`() async throws {
        let made = try await create("bot-1", role: .operator, expiresAt: 5000)

        let token = try #require(try await store.tokens().first)

        #expect(token.id == made.id)
        #expect(token.name == "bot-1")
        #expect(token.role == .operator)
        #expect(token.isBearer)
        #expect(token.expiresAt == 5000)
        #expect(token.isValid(at: 4999.9))
        #expect(!token.isValid(at: 5000))
        let entry = try #require(try await store.lines(after: 0, limit: 1).first).entry
        #expect(entry.action == "token.create")
        #expect(entry.principal == "root")
    }

    @Test func `no secret is anywhere in the files`() async throws {
        let token = try await create("bot-1")
        let code = try await store.makeLoginCode(
            for: "bot-1", seconds: 60, now: 1000, remote: "local", by: "root")
        let session = try #require(try await store.openSession(code: code.text, now: 1001))
        // `clr_<id>_<secret>`; the secret may have a "_" as well, and end with one letter behind it.
        let secret = String(try #require(token.text.split(separator: "_", maxSplits: 2).last))
        #expect(secret.utf8.count >= 40)

        for name in try FileManager.default.contentsOfDirectory(atPath: site.path) {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(site.path)/\(name)"))
            for text in [secret, code.text, session.secret] {
                #expect(data.range(of: Data(text.utf8)) == nil, "\(name)")
            }
        }
    }

    @Test func `two valid tokens never share a name`() async throws {
        _ = try await create("bot-1", expiresAt: 2000)

        let refusal = await #expect(throws: RecordsError.self) {
            try await create("bot-1", now: 1999)
        }
        #expect(refusal?.code == .conflict)

        let second = try await create("bot-1", now: 2000)
        _ = try await store.revokeToken(second.id, now: 2001, remote: "local", by: "root")
        _ = try await create("bot-1", now: 2002)
        #expect(try await store.tokens().map(\.name) == ["bot-1", "bot-1", "bot-1"])
    }

    @Test(arguments: ["", "a\u{0}b", String(repeating: "n", count: 129)])
    func `a name that cannot be one is refused`(name: String) async throws {
        let refusal = await #expect(throws: RecordsError.self) { try await create(name) }
        #expect(refusal?.code == .invalid)
    }

    @Test func `what a token is for is kept with it, and is in the audit`() async throws {
        let scope = Scope(topics: ["stats", "queues"], commands: ["task.run"])
        let token = try await store.createToken(
            name: "bot-1", role: .bot, scope: scope, expiresAt: nil, now: 1, remote: "local",
            by: "root")
        _ = try await create("bot-2")

        let tokens = try await store.tokens()
        #expect(tokens.first { $0.id == token.id }?.principal.scope == scope)
        #expect(tokens.first { $0.id != token.id }?.principal.scope == .unlimited)
        let line = try #require(try await store.lines(after: 0, limit: 1).first).entry
        #expect(line.detail == "role bot, only topics queues stats, commands task.run")
    }

    @Test func `patterns of queues and tasks are kept as they are, and can be changed`()
        async throws
    {
        let scope = Scope(
            commands: ["task.run"], queues: ["mail", "a,b \"é\"*"], tasks: ["shop.*"])
        let token = try await store.createToken(
            name: "ada", role: .operator, scope: scope, expiresAt: nil, now: 1, remote: "local",
            by: "root")
        let session = try #require(try await store.openSession(token: token.id, now: 2))
        #expect(try await store.tokens().first?.principal.scope == scope)

        let changed = try await store.limit(
            "ada", queues: nil, tasks: ["mail.*"], now: 3, remote: "local", by: "root")

        #expect(changed.scope == Scope(commands: ["task.run"], tasks: ["mail.*"]))
        let hash = try Data(store.secrets.sha256(Array(session.secret.utf8)))
        let found = try await store.session(hash: [UInt8](hash), now: 4)
        #expect(found?.token.scope == changed.scope)
        let line = try #require(try await store.lines(after: 0, limit: 10).last).entry
        #expect(line.action == "token.limit" && line.target == "token ada")
        #expect(line.detail.hasSuffix("→ only commands task.run, tasks mail.*"))
        let refusal = await #expect(throws: RecordsError.self) {
            try await store.limit(
                "nobody", queues: nil, tasks: nil, now: 1, remote: "local", by: "root")
        }
        #expect(refusal?.code == .notFound)
    }

    @Test(
        arguments: [
            (Scope.patterns, 1, nil), (Scope.patterns + 1, 1, .invalid), (0, 1, .invalid),
            (1, Scope.patternBytes, nil), (1, Scope.patternBytes + 1, .invalid), (1, 0, .invalid),
        ] as [(Int, Int, RecordsError.Code?)])
    func `a token has so many patterns of so many bytes`(
        count: Int, bytes: Int, refusal: RecordsError.Code?
    ) async throws {
        let patterns = Set(
            (0..<count).map { number in
                bytes > 1
                    ? String(repeating: "é", count: bytes / 2) + (bytes % 2 == 1 ? "x" : "")
                    : String(repeating: String(UnicodeScalar(UInt8(33 + number))), count: bytes)
            })
        for scope in [Scope(queues: patterns), Scope(tasks: patterns)] {
            var code: RecordsError.Code?
            do throws(RecordsError) {
                _ = try await store.createToken(
                    name: "t\(patterns.count)\(scope.queues == nil)", role: .operator,
                    scope: scope, expiresAt: nil, now: 1, remote: "local", by: "root")
            } catch {
                code = error.code
            }
            #expect(code == refusal)
        }
    }

    @Test func `patterns that cannot be read limit to nothing, and not to everything`() async throws
    {
        let token = try await create("ada", role: .operator)
        try await store.write("damaging a token") { db in
            try db.execute(
                sql: "UPDATE tokens SET queues = '[1' WHERE id = ?", arguments: [token.id])
        }
        let refusal = await #expect(throws: RecordsError.self) { try await store.tokens() }
        #expect(refusal?.code == .damaged)
        #expect(Scope(queues: ["a\u{7}"]).refusal != nil)
    }

    @Test func `another role holds for the token and its sessions, and is in the audit`()
        async throws
    {
        let token = try await create("ada", role: .operator)
        let session = try #require(try await store.openSession(token: token.id, now: 1001))

        let changed = try await store.changeRole(
            of: "ada", to: .viewer, now: 1002, remote: "local", by: "root")

        #expect(changed.role == .viewer && changed.id == token.id)
        #expect(try await store.tokens().first?.role == .viewer)
        let hash = try Data(store.secrets.sha256(Array(session.secret.utf8)))
        let found = try await store.session(hash: [UInt8](hash), now: 1003)
        #expect(found?.token.role == .viewer)
        let line = try #require(try await store.lines(after: 0, limit: 10).last).entry
        #expect(line.action == "token.role" && line.detail == "role operator → viewer")
        let refusal = await #expect(throws: RecordsError.self) {
            try await store.changeRole(
                of: "nobody", to: .viewer, now: 1, remote: "local", by: "root")
        }
        #expect(refusal?.code == .notFound)
    }

    @Test func `what is not there cannot be revoked or linked`() async throws {
        let made = try await create("bot-1", expiresAt: 2000)
        for reference in ["", "bot-2"] {
            let refusal = await #expect(throws: RecordsError.self) {
                try await store.revokeToken(reference, now: 1, remote: "local", by: "root")
            }
            #expect(refusal?.code == .notFound)
        }
        let expired = await #expect(throws: RecordsError.self) {
            try await store.makeLoginCode(
                for: made.id, seconds: 60, now: 2000, remote: "local", by: "root")
        }
        #expect(expired?.code == .notFound)
    }

    // X7: a second use, and a late one, are refused.
    @Test func `a code opens one session, once, in its time`() async throws {
        _ = try await create("ops", role: .admin)
        func code() async throws -> String {
            try await store.makeLoginCode(
                for: "ops", seconds: 60, now: 1000, remote: "local", by: "root"
            ).text
        }
        let (first, second, third) = (try await code(), try await code(), try await code())

        let opened = try await store.openSession(code: first, now: 1059)
        let again = try await store.openSession(code: first, now: 1059)
        let late = try await store.openSession(code: second, now: 1060)
        let early = try await store.openSession(code: third, now: 999)
        let unknown = try await store.openSession(code: "nonsense", now: 1001)

        #expect(opened?.principal.role == .admin)
        #expect(again == nil)
        #expect(late == nil)
        #expect(early == nil)
        #expect(unknown == nil)
    }

    @Test func `of many who spend a code at once one gets in`() async throws {
        _ = try await create("ops", role: .admin)
        let code = try await store.makeLoginCode(
            for: "ops", seconds: 60, now: 1000, remote: "local", by: "root")
        let other = try site.open()

        let opened = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                let store = number.isMultiple(of: 2) ? store : other
                group.addTask { try await store.openSession(code: code.text, now: 1001) != nil }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }

        #expect(opened == 1)
    }

    @Test(arguments: [
        (Role.admin, Limits.sessionIdleSeconds, Limits.sessionSeconds),
        (.wall, Limits.wallIdleSeconds, Limits.wallSeconds),
    ])
    func `a session ends when idle, and at its end however busy`(
        role: Role, idle: Double, whole: Double
    ) async throws {
        let token = try await create("somebody", role: role, now: 0)
        let left = try #require(try await store.openSession(token: token.id, now: 0))
        let busy = try #require(try await store.openSession(token: token.id, now: 0))
        func hash(_ secret: String) throws -> [UInt8] {
            try TestSecrets.shared.sha256(Array(secret.utf8))
        }

        #expect(try await store.session(hash: hash(left.secret), now: idle - 1) != nil)
        #expect(try await store.session(hash: hash(left.secret), now: idle) == nil)
        var now = 0.0
        while now < whole {
            #expect(try await store.session(hash: hash(busy.secret), now: now) != nil)
            try await store.renewSession(hash: hash(busy.secret), now: now)
            now += idle / 2
        }
        #expect(try await store.session(hash: hash(busy.secret), now: whole) == nil)
    }

    @Test func `revocation ends sessions and codes as well`() async throws {
        let token = try await create("ops", role: .admin)
        let session = try #require(try await store.openSession(token: token.id, now: 1000))
        let code = try await store.makeLoginCode(
            for: "ops", seconds: 60, now: 1000, remote: "local", by: "root")
        let hash = try TestSecrets.shared.sha256(Array(session.secret.utf8))
        #expect(try await store.session(hash: hash, now: 1001) != nil)

        _ = try await store.revokeToken("ops", now: 1001, remote: "local", by: "root")

        #expect(try await store.session(hash: hash, now: 1001) == nil)
        #expect(try await store.openSession(code: code.text, now: 1002) == nil)
        #expect(try await store.openSession(token: token.id, now: 1002) == nil)
    }

    @Test func `the oldest session and code give way to one more than the bound`() async throws {
        let token = try await create("ops", role: .admin)
        var hashes: [[UInt8]] = []
        for number in 0...Limits.sessionsPerToken {
            let opened = try await store.openSession(token: token.id, now: 1000 + Double(number))
            hashes.append(
                try TestSecrets.shared.sha256(Array(try #require(opened).secret.utf8)))
        }
        var codes: [String] = []
        for number in 0...Limits.codesPerToken {
            let code = try await store.makeLoginCode(
                for: "ops", seconds: 600, now: 1000 + Double(number), remote: "local", by: "root")
            codes.append(code.text)
        }

        #expect(try await store.session(hash: hashes[0], now: 1200) == nil)
        #expect(try await store.session(hash: hashes[1], now: 1200) != nil)
        #expect(try await store.openSession(code: codes[0], now: 1200) == nil)
        #expect(try await store.openSession(code: codes[1], now: 1200) != nil)
    }

    @Test func `tokens are refused beyond their bound`() async throws {
        try await store.write("filling") { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    INSERT INTO tokens (id, name, role, created)
                    SELECT 'i' || i, 'n' || i, 'bot', 1 FROM n
                    """, arguments: [Limits.tokens])
        }
        let last = try await create("last")
        let refusal = await #expect(throws: RecordsError.self) { try await create("more") }

        #expect(refusal?.code == .overloaded)
        _ = try await store.revokeToken(last.id, now: 1001, remote: "local", by: "root")
        _ = try await create("more")
    }
}
