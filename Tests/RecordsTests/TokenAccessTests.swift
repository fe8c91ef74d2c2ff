import Credentials
import EventLoop
import Foundation
import GRDB
import Logging
import Ports
import Testing

@testable import Records

@Suite struct TokenAccessTests {
    private let site = TemporarySite()
    private let store: RecordStore
    private let access: TokenAccess

    init() async throws {
        EventLoop.shared.startThread()
        let store = try site.open(.gateway)
        self.store = store
        access = await TokenAccess(
            store: store, secrets: TestSecrets.shared, passwords: PasswordWorkers(),
            logger: Logger(label: "test"))
    }

    private func create(
        _ name: String, role: Role = .bot, expiresAt: Double? = nil
    ) async throws -> NewToken {
        try await store.createToken(
            name: name, role: role, expiresAt: expiresAt, now: 1000, remote: "local", by: "root")
    }

    @Test @LoopActor func `a bearer token is known by its whole text only`() async throws {
        let token = try await create("bot-1")
        let other = try TestSecrets.shared.makeToken()
        let mixed = token.text.replacing(token.id, with: other.id)
        let guessed = other.text.replacing(other.id, with: token.id)

        let known = await access.principal(bearer: token.text, now: 1001)

        #expect(known == Principal(id: token.id, name: "bot-1", role: .bot))
        for text in ["", "clr_", token.id, mixed, guessed, other.text, token.text + "A"] {
            #expect(await access.principal(bearer: text, now: 1001) == nil)
        }
    }

    @Test @LoopActor func `an expired token is not known, however fresh the answer`() async throws {
        let token = try await create("bot-1", expiresAt: 1002)

        #expect(await access.principal(bearer: token.text, now: 1001.5) != nil)
        #expect(await access.principal(bearer: token.text, now: 1002) == nil)
        #expect(await access.principal(id: token.id, now: 1002) == nil)
    }

    @Test @LoopActor func `a revocation by another process counts within a second`() async throws {
        let token = try await create("ops", role: .operator)
        let session = try #require(await access.openSession(bearer: token.text, now: 1000))
        #expect(await access.principal(bearer: token.text, now: 1001) != nil)
        #expect(await access.principal(session: session.secret, now: 1001) != nil)
        #expect(await access.principal(id: token.id, now: 1001) != nil)

        let tool = try site.open(.tool)
        _ = try await tool.revokeToken("ops", now: 1001, remote: "local", by: "root")

        let later = 1001 + Limits.verifiedSeconds
        #expect(await access.principal(bearer: token.text, now: later) == nil)
        #expect(await access.principal(session: session.secret, now: later) == nil)
        #expect(await access.principal(id: token.id, now: later) == nil)
        #expect(await access.openSession(bearer: token.text, now: later) == nil)
    }

    @Test @LoopActor func `answers are remembered for their time and no longer`() async throws {
        let token = try await create("bot-1")
        #expect(await access.principal(bearer: token.text, now: 1000) != nil)
        let stranger = try TestSecrets.shared.makeToken()
        #expect(await access.principal(bearer: stranger.text, now: 1000) == nil)
        try await store.write("changing behind its back") { db in
            try db.execute(sql: "UPDATE tokens SET revoked = 1")
        }

        #expect(await access.principal(bearer: token.text, now: 1000.99) != nil)
        #expect(await access.principal(bearer: token.text, now: 1001) == nil)
        // A clock that was set back makes no answer last longer.
        #expect(await access.principal(bearer: token.text, now: 990) == nil)
    }

    @Test @LoopActor func `a one-time code becomes a session once`() async throws {
        _ = try await create("ops", role: .admin)
        let code = try await store.makeLoginCode(
            for: "ops", seconds: 60, now: 1000, remote: "local", by: "root")

        let session = try #require(await access.openSession(code: code.text, now: 1001))

        #expect(session.principal.role == .admin)
        #expect(await access.openSession(code: code.text, now: 1001) == nil)
        #expect(await access.openSession(code: "x", now: 1001) == nil)
        #expect(
            await access.principal(session: session.secret, now: 1001) == session.principal)
        #expect(await access.principal(bearer: session.secret, now: 1001) == nil)
        #expect(await access.principal(session: code.text, now: 1001) == nil)
    }

    @Test @LoopActor func `a closed session is closed at once`() async throws {
        let token = try await create("ops", role: .admin)
        let session = try #require(await access.openSession(bearer: token.text, now: 1000))
        let other = try #require(await access.openSession(bearer: token.text, now: 1000))
        #expect(await access.principal(session: session.secret, now: 1000) != nil)

        await access.closeSession(session.secret)
        await access.closeSession("nonsense")

        #expect(await access.principal(session: session.secret, now: 1000) == nil)
        #expect(await access.principal(session: other.secret, now: 1000) != nil)
    }

    @Test @LoopActor func `a page's token is its session's and nothing else`() async throws {
        let token = try await create("ops", role: .admin)
        let session = try #require(await access.openSession(bearer: token.text, now: 1000))
        let other = try #require(await access.openSession(bearer: token.text, now: 1000))
        let csrf = access.csrfToken(session: session.secret)

        #expect(access.accepts(csrfToken: csrf, session: session.secret))
        #expect(!access.accepts(csrfToken: csrf, session: other.secret))
        #expect(!access.accepts(csrfToken: "", session: session.secret))
        #expect(!access.accepts(csrfToken: csrf + "A", session: session.secret))
        #expect(!access.accepts(csrfToken: session.secret, session: session.secret))
    }

    @Test @LoopActor func `nobody is known when the records cannot be read, and it is asked again`()
        async throws
    {
        let token = try await create("bot-1")
        try await store.write("breaking") {
            try $0.execute(sql: "ALTER TABLE tokens RENAME TO hidden")
        }
        #expect(await access.principal(bearer: token.text, now: 1001) == nil)

        try await store.write("mending") {
            try $0.execute(sql: "ALTER TABLE hidden RENAME TO tokens")
        }
        #expect(await access.principal(bearer: token.text, now: 1001) != nil)
    }

    @Test @LoopActor func `a credential is good even if its use cannot be noted`() async throws {
        let token = try await create("bot-1")
        let session = try #require(await access.openSession(bearer: token.text, now: 1000))
        try await store.write("forbidding") { try $0.execute(sql: "PRAGMA query_only = 1") }

        #expect(await access.principal(bearer: token.text, now: 2000) != nil)
        #expect(await access.principal(session: session.secret, now: 2000) != nil)
        #expect(await access.openSession(bearer: token.text, now: 2000) == nil)
    }

    @Test @LoopActor func `a use is noted`() async throws {
        let token = try await create("bot-1")

        _ = await access.principal(bearer: token.text, now: 1500)

        // The note is written behind the answer; a change that is asked for later comes later.
        var noted: Double?
        for _ in 0..<1000 where noted == nil {
            noted = try await store.tokens().first?.lastUsedAt
        }
        #expect(noted == 1500)
    }

    @Test func `many who ask at once get the right answer each`() async throws {
        let tokens = [try await create("a"), try await create("b")]

        let names = await withTaskGroup(of: String?.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    await access.principal(bearer: tokens[number % 2].text, now: 1001)?.name
                }
            }
            return await group.reduce(into: [:]) { counts, name in counts[name, default: 0] += 1 }
        }

        #expect(names == ["a": 1000, "b": 1000])
    }

    @Test @LoopActor func `the memory of answers is bounded and forgets the oldest`() {
        var cache = VerifiedCache()
        let somebody = Principal(id: "p", name: "p", role: .bot)
        for number in 0..<Limits.verified { cache.keep(somebody, for: .id("\(number)"), at: 1) }
        #expect(cache.count == Limits.verified)
        #expect(cache.answer(for: .id("0"), now: 1) == .some(somebody))

        cache.keep(nil, for: .id("more"), at: 1)

        #expect(cache.count == Limits.verified)
        #expect(cache.answer(for: .id("0"), now: 1) == nil)
        #expect(cache.answer(for: .id("1"), now: 1) == .some(somebody))
        #expect(cache.answer(for: .id("more"), now: 1) == .some(nil))
        for number in 0..<3 * Limits.verified {
            cache.keep(nil, for: .id("again \(number)"), at: 1)
            cache.forget(.id("again \(number)"))
            #expect(cache.count <= Limits.verified)
        }
        #expect(cache.count == 0)
    }
}
