import EventLoop
import Foundation
import GRDB
import Logging
import Ports
import Testing

@testable import Credentials
@testable import Records

@Suite struct UserTests {
    private let site = TemporarySite()
    private let store: RecordStore
    private let access: TokenAccess
    /// Cheap to check, and so outdated.
    private let cheap: String

    init() async throws {
        EventLoop.shared.startThread()
        store = try site.open(.gateway)
        access = await TokenAccess(
            store: store, secrets: TestSecrets.shared, passwords: PasswordWorkers(),
            logger: Logger(label: "test"))
        cheap = try PasswordHash(
            of: "correct horse", cost: .init(logN: 4, blockSize: 8, parallelism: 1)
        ).text
    }

    @discardableResult
    private func add(_ name: String, role: Role = .operator) async throws -> TokenRecord {
        try await store.addUser(
            name: name, role: role, password: cheap, now: 1000, remote: "local", by: "root")
    }

    @LoopActor private func signIn(
        _ name: String, _ password: String = "correct horse", totp: String? = nil,
        now: Double = 1001
    ) async -> (secret: String, principal: Principal)? {
        guard
            case .opened(let secret, let principal) = await access.openSession(
                name: name, password: password, totp: totp, now: now)
        else { return nil }
        return (secret, principal)
    }

    @Test @LoopActor func `a user comes in with the right password only`() async throws {
        let ada = try await add("ada")

        let opened = try #require(await signIn("ada"))

        #expect(opened.principal == Principal(id: ada.id, name: "ada", role: .operator))
        #expect(await access.principal(session: opened.secret, now: 1002) == opened.principal)
        for (name, password) in [
            ("ada", "wrong horse"), ("ada", ""), ("Ada", "correct horse"),
            (ada.id, "correct horse"),
        ] {
            #expect(await signIn(name, password) == nil)
        }
        guard
            case .refused("ada") = await access.openSession(
                name: "ada", password: "wrong horse", totp: nil, now: 1001),
            case .refused(nil) = await access.openSession(
                name: "eve", password: "wrong horse", totp: nil, now: 1001)
        else {
            Issue.record("the audit is not told whose password it was")
            return
        }
    }

    @Test @LoopActor func `an outdated hash is replaced when the password is seen`() async throws {
        let ada = try await add("ada")

        #expect(await signIn("ada") != nil)

        var kept = cheap
        while kept == cheap {
            kept = try #require(try await store.password(ofUserNamed: "ada", now: 1001)).password
            await Task.yield()
        }
        #expect(PasswordHash(parsing: kept)?.isOutdated == false)
        #expect(await signIn("ada") != nil)
        // Whoever was found to be right by the old hash comes in all the same.
        guard
            case .opened = try await store.openSession(
                user: ada.id, passwordSetAt: 1000, totp: nil, now: 1001)
        else {
            Issue.record("the same password was refused")
            return
        }
        // Another one that was set meanwhile is left alone.
        try await store.replacePassword(of: ada.id, cheap, by: cheap)
        #expect(try await store.password(ofUserNamed: "ada", now: 1001)?.password == kept)
    }

    @Test @LoopActor func `another password ends the sessions that the old one opened`()
        async throws
    {
        let ada = try await add("ada")
        let other = try await add("bob")
        let (session, others) = (
            try #require(await signIn("ada")), try #require(await signIn("bob"))
        )
        let old = try #require(try await store.password(ofUserNamed: "ada", now: 1001)).setAt

        _ = try await store.setPassword(
            of: "ada", to: try PasswordHash(of: "battery staple").text, now: 1002,
            remote: "local", by: "root")

        let later = 1002 + Limits.verifiedSeconds
        #expect(await access.principal(session: session.secret, now: later) == nil)
        #expect(await access.principal(session: others.secret, now: later)?.id == other.id)
        #expect(await signIn("ada") == nil)
        #expect(await signIn("ada", "battery staple")?.principal.id == ada.id)
        // Found to be right before it was changed, used after it.
        guard
            case .refused = try await store.openSession(
                user: ada.id, passwordSetAt: old, totp: nil, now: 1003)
        else {
            Issue.record("the old password still opens a session")
            return
        }
    }

    @Test @LoopActor func `a removed user does not come in, and gives the name free`() async throws
    {
        let ada = try await add("ada")
        let session = try #require(await signIn("ada"))

        _ = try await store.removeUser("ada", now: 1002, remote: "local", by: "root")

        let later = 1002 + Limits.verifiedSeconds
        #expect(await signIn("ada", now: later) == nil)
        #expect(await access.principal(session: session.secret, now: later) == nil)
        await #expect(throws: RecordsError.self) {
            try await store.setPassword(
                of: "ada", to: cheap, now: 1003, remote: "local", by: "root")
        }
        #expect(try await add("ada").id != ada.id)
        #expect(Set(try await store.users().map(\.token.revokedAt)) == [1002, nil])
    }

    @Test func `a name is of one user or token`() async throws {
        try await add("ada")
        let token = try await store.createToken(
            name: "bot", role: .bot, expiresAt: nil, now: 1000, remote: "local", by: "root")

        for name in ["ada", "bot"] {
            let error = await #expect(throws: RecordsError.self) { try await add(name) }
            #expect(error?.code == .conflict)
        }
        #expect(try await store.tokens().map(\.id) == [token.id])
        #expect(try await store.users().map(\.token.name) == ["ada"])
        // A token is no user.
        await #expect(throws: RecordsError.self) {
            try await store.removeUser("bot", now: 1001, remote: "local", by: "root")
        }
        await #expect(throws: RecordsError.self) {
            try await store.changeRole(
                ofUser: "bot", to: .admin, now: 1001, remote: "local", by: "root")
        }
    }

    @Test(arguments: [(0, false), (1, true), (128, true), (129, false)])
    func `a user's name has 1 to 128 bytes`(count: Int, isGood: Bool) async throws {
        let name = String(repeating: "n", count: count)
        if isGood {
            #expect(try await add(name).name == name)
        } else {
            await #expect(throws: RecordsError.self) { try await add(name) }
        }
    }

    @Test(arguments: [(256, true), (257, false)])
    func `a hash has at most 256 bytes`(count: Int, isGood: Bool) async throws {
        let hash = String(repeating: "h", count: count)
        let adding = { [store] in
            try await store.addUser(
                name: "ada", role: .viewer, password: hash, now: 1000, remote: "local", by: "root")
        }
        if isGood {
            #expect(try await adding().name == "ada")
        } else {
            await #expect(throws: RecordsError.self) { try await adding() }
        }
    }

    @Test func `an admin with a password needs no set-up link`() async throws {
        try await add("ada", role: .admin)

        #expect(try await FirstStart.prepare(store, now: 1001) == .alreadySetUp)
        // A link of the machine's owner is of an admin without a password, not of Ada.
        let link = try await FirstStart.makeAdminLink(store, seconds: 60, now: 1001, by: "root")
        #expect(link.principal.name == "admin")
    }

    @Test @LoopActor func `all sessions of one end, and nobody else's`() async throws {
        let ada = try await add("ada")
        try await add("bob")
        let mine = [try #require(await signIn("ada")), try #require(await signIn("ada"))]
        let others = try #require(await signIn("bob"))
        for session in mine + [others] {
            #expect(await access.principal(session: session.secret, now: 1001) != nil)
        }

        let count = await access.closeSessions(of: ada.principal, now: 1001, remote: "10.0.0.1")

        #expect(count == 2)
        // At once: nothing that was believed before counts.
        for session in mine {
            #expect(await access.principal(session: session.secret, now: 1001) == nil)
        }
        #expect(await access.principal(session: others.secret, now: 1001)?.name == "bob")
        #expect(await signIn("ada") != nil)
        let line = try await store.lines(after: 0, limit: 100).last {
            $0.entry.action == "session.closeAll"
        }
        #expect(line?.entry.remote == "10.0.0.1" && line?.entry.detail == "2 ended")
        await #expect(throws: RecordsError.self) {
            try await store.closeSessions(of: "eve", now: 1002, remote: "local", by: "root")
        }
    }

    @Test func `neither password nor hash is in the audit`() async throws {
        try await add("ada")
        _ = try await store.setPassword(
            of: "ada", to: cheap, now: 1002, remote: "local", by: "root")

        let lines = try await store.lines(after: 0, limit: 100)
        #expect(lines.map(\.entry.action) == ["user.add", "user.password"])
        #expect(!lines.contains { "\($0)".contains("scrypt") || "\($0)".contains("horse") })
    }

    @Test func `records of before there were users keep their tokens and sessions`() async throws {
        let old = TemporarySite()
        try FileManager.default.createDirectory(
            atPath: old.path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let session = [UInt8](repeating: 7, count: 32)
        let queue = try DatabaseQueue(path: old.database)
        try Schema.migrator.migrate(queue, upTo: "6 scopes")
        try await queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO tokens (id, name, role, created) VALUES ('t1', 'admin', 'admin', 900);
                    INSERT INTO sessions VALUES (?, 't1', 900, 9000, 900);
                    """,
                arguments: [Data(session)])
        }
        try queue.close()

        let store = try old.open()

        #expect(try await store.session(hash: session, now: 1000)?.token.name == "admin")
        #expect(try await store.tokens().map(\.id) == ["t1"])
        let ada = try await store.addUser(
            name: "ada", role: .viewer, password: cheap, now: 1000, remote: "local", by: "root")
        #expect(try await store.users().map(\.token) == [ada])
    }

    @Test @LoopActor func `a code of the second factor is asked for and counts once`() async throws
    {
        let secret = Array("12345678901234567890".utf8)
        let code = { (step: Int64) in try TimeCode.code(secret: secret, step: step) }
        try await add("ada")
        let before = try #require(await signIn("ada"))
        _ = try await store.setSecondFactor(
            of: "ada", to: secret, now: 1001, remote: "local", by: "root")

        // The present step is 40, of 1,200 s.
        #expect(await access.principal(session: before.secret, now: 1200) == nil)
        #expect(try await store.users().map(\.hasSecondFactor) == [true])
        guard
            case .codeNeeded = await access.openSession(
                name: "ada", password: "correct horse", totp: nil, now: 1200),
            case .refused("ada") = await access.openSession(
                name: "ada", password: "wrong horse", totp: try code(40), now: 1200),
            case .codeRefused("ada") = await access.openSession(
                name: "ada", password: "correct horse", totp: try code(38), now: 1200)
        else {
            Issue.record("the password alone, or the code alone, was enough")
            return
        }
        #expect(await signIn("ada", totp: try code(40), now: 1200) != nil)
        // The same again, and the one before it, which nobody has used.
        #expect(await signIn("ada", totp: try code(40), now: 1200) == nil)
        #expect(await signIn("ada", totp: try code(39), now: 1200) == nil)
        #expect(await signIn("ada", totp: try code(41), now: 1200) != nil)

        _ = try await store.setSecondFactor(
            of: "ada", to: nil, now: 1201, remote: "local", by: "root")
        #expect(await signIn("ada", now: 1202) != nil)
        let lines = try await store.lines(after: 0, limit: 100)
        #expect(lines.filter { $0.entry.action == "user.totp" }.count == 2)
        #expect(!lines.contains { "\($0)".contains("12345678901234567890") })
    }
}
