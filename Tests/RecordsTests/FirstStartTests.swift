import EventLoop
import Foundation
import Logging
import Ports
import Testing

@testable import Credentials
@testable import Records

@Suite struct FirstStartTests {
    private let site = TemporarySite()
    private let store: RecordStore

    init() throws {
        EventLoop.shared.startThread()
        store = try site.open(.gateway)
    }

    private func link(now: Double) async throws -> SetupCode? {
        guard case .link(let code) = try await FirstStart.prepare(store, now: now) else {
            return nil
        }
        return code
    }

    @LoopActor private func desk(_ code: SetupCode) throws -> FirstAdminDesk {
        try FirstAdminDesk(
            code, store: store, secrets: TestSecrets.shared, passwords: Quick(),
            logger: Logger(label: "test"))
    }

    /// A hasher that costs nothing, with the rules of the real one.
    private struct Quick: PasswordHasher {
        func hash(_ password: String) async throws(CredentialError) -> String {
            guard PasswordLimits.bytes.contains(password.utf8.count) else {
                throw CredentialError(.unusable, "a password must have 8 to 256 bytes")
            }
            guard password != "overloaded" else { throw CredentialError(.overloaded, "busy") }
            return "hash of \(password.prefix(32))"
        }

        func check(
            _ password: String, against kept: String?
        ) async throws(CredentialError) -> PasswordVerdict { .wrong }
    }

    @LoopActor private func setUp(
        _ desk: FirstAdminDesk, _ code: String, name: String = "ada",
        password: String = "correct horse", now: Double = 1001
    ) async -> String {
        let answer = await desk.setUp(
            code: code, name: name, password: password, now: now, remote: "192.0.2.1")
        return "\(answer)".prefix { $0 != "(" }.description
    }

    @Test @LoopActor func `whoever has the link makes the first admin, once`() async throws {
        let code = try #require(try await link(now: 1000))
        let desk = try desk(code)
        #expect(code.expiresAt == 4600)
        #expect(await desk.isAwaited(now: 4599))

        guard
            case .opened(let secret, let principal) = await desk.setUp(
                code: code.text, name: "ada", password: "correct horse", now: 4599,
                remote: "192.0.2.1")
        else {
            Issue.record("the right code was refused")
            return
        }

        #expect(principal.name == "ada" && principal.role == .admin)
        let hash = try TestSecrets.shared.sha256(Array(secret.utf8))
        #expect(try await store.session(hash: hash, now: 4599)?.token.principal == principal)
        let kept = try #require(try await store.password(ofUserNamed: "ada", now: 4599))
        #expect(kept.password == "hash of correct horse")
        #expect(await !desk.isAwaited(now: 4599))
        #expect(await setUp(desk, code.text, name: "bob", now: 4599) == "alreadySetUp")
        #expect(try await store.users().map(\.token.name) == ["ada"])
        #expect(try await FirstStart.prepare(store, now: 4600) == .alreadySetUp)
        let lines = try await store.lines(after: 0, limit: 10).map(\.entry)
        #expect(lines.map(\.action) == ["setup.link", "user.add"])
        #expect(lines[1].remote == "192.0.2.1" && lines[1].detail.contains("set-up link"))
    }

    @Test @LoopActor func `of many who have the link at once, one makes the admin`() async throws {
        let code = try #require(try await link(now: 1000))
        let desk = try desk(code)

        let attempts = (0..<8).map { number in
            Task { await setUp(desk, code.text, name: "user\(number)") }
        }
        var answers: [String] = []
        for attempt in attempts { answers.append(await attempt.value) }

        #expect(answers.count { $0 == "opened" } == 1)
        #expect(answers.count { $0 == "alreadySetUp" } == 7)
        #expect(try await store.users().count == 1)
    }

    @Test @LoopActor func `a code that is not the link's makes nobody`() async throws {
        let code = try #require(try await link(now: 1000))
        let desk = try desk(code)
        let other = try TestSecrets.shared.makeSecret()

        for wrong in ["", "short", other, code.text + "x", String(code.text.dropLast())] {
            #expect(await setUp(desk, wrong) == "refused")
        }
        // Neither is it one that opens a session.
        #expect(try await store.openSession(code: code.text, now: 1001) == nil)
        #expect(await setUp(desk, code.text, now: 4600) == "refused")
        #expect(await !desk.isAwaited(now: 4600))
        #expect(try await store.users().isEmpty)
    }

    @Test @LoopActor func `the link outlives a wrong name or password`() async throws {
        _ = try await store.createToken(
            name: "taken", role: .bot, expiresAt: nil, now: 1, remote: "local", by: "root")
        let code = try #require(try await link(now: 1000))
        let desk = try desk(code)
        let text = { String(repeating: "x", count: $0) }

        for name in ["", text(129), "a\0b", "taken"] {
            #expect(await setUp(desk, code.text, name: name) == "unusableName")
        }
        for password in [text(7), text(257)] {
            #expect(await setUp(desk, code.text, password: password) == "unusablePassword")
        }
        #expect(await setUp(desk, code.text, password: "overloaded") == "busy")
        #expect(await setUp(desk, code.text, name: text(128), password: text(256)) == "opened")
    }

    @Test @LoopActor func `an unopened link without a password ends with the first admin`()
        async throws
    {
        let code = try #require(try await link(now: 1000))
        let old = try await FirstStart.makeAdminLink(store, seconds: 600, now: 1000, by: "root")
        let desk = try desk(code)

        #expect(await setUp(desk, code.text) == "opened")

        #expect(try await store.openSession(code: old.text, now: 1002) == nil)
    }

    @Test @LoopActor func `a link that nobody used is replaced by the next start's`() async throws {
        let first = try #require(try await link(now: 1000))
        let second = try #require(try await link(now: 1001))
        let desk = try desk(second)

        #expect(await setUp(desk, first.text) == "refused")
        #expect(await setUp(desk, second.text) == "opened")
    }

    @Test @LoopActor func `an admin who is made otherwise ends the link`() async throws {
        let code = try #require(try await link(now: 1000))
        let desk = try desk(code)
        let link = try await FirstStart.makeAdminLink(store, seconds: 60, now: 1001, by: "root")
        #expect(await desk.isAwaited(now: 1001))

        #expect(try await store.openSession(code: link.text, now: 1002) != nil)

        #expect(await !desk.isAwaited(now: 1002))
        #expect(await setUp(desk, code.text, now: 1002) == "alreadySetUp")
    }

    @Test func `a bearer token of an admin is a way in, another role's is none`() async throws {
        _ = try await store.createToken(
            name: "admin", role: .bot, expiresAt: nil, now: 1, remote: "local", by: "root")
        #expect(try await !store.hasAdmin(now: 1000))

        _ = try await store.createToken(
            name: "real", role: .admin, expiresAt: 5000, now: 1001, remote: "local", by: "root")
        #expect(try await store.hasAdmin(now: 4999))
        #expect(try await FirstStart.prepare(store, now: 1002) == .alreadySetUp)
        #expect(try await !store.hasAdmin(now: 5000))
        #expect(try await link(now: 5000) != nil)
    }

    @Test func `a login link can be had at any time, for one and the same admin`() async throws {
        let first = try await FirstStart.makeAdminLink(store, seconds: 60, now: 1000, by: "root")
        _ = try await store.createToken(
            name: "real", role: .admin, expiresAt: nil, now: 1001, remote: "local", by: "root")
        let second = try await FirstStart.makeAdminLink(store, seconds: 60, now: 1002, by: "root")

        #expect(first.principal == second.principal)
        #expect(try await store.openSession(code: first.text, now: 1003) != nil)
        #expect(try await store.openSession(code: second.text, now: 1062) == nil)
    }

    @Test func `the code is in no file of the records`() async throws {
        let code = try #require(try await link(now: 1000))
        try store.close()

        for name in try FileManager.default.contentsOfDirectory(atPath: site.path) {
            let bytes = FileManager.default.contents(atPath: "\(site.path)/\(name)") ?? Data()
            #expect(bytes.range(of: Data(code.text.utf8)) == nil, "\(name)")
        }
    }
}
