import EventLoop
import GRDB
import Ports
import Testing

@testable import Records

@Suite struct IdentityTests {
    private let site = TemporarySite()
    private let store: RecordStore

    init() throws { store = try site.open(.gateway) }

    private func identity(
        _ subject: String = "1", issuer: String = "https://id.example",
        name: String = "ada@example.com", role: Role = .operator
    ) -> ExternalIdentity {
        ExternalIdentity(issuer: issuer, subject: subject, name: name, role: role)
    }

    private func open(
        _ identity: ExternalIdentity, now: Double = 1_000
    ) async throws -> IdentityAnswer {
        try await store.openSession(identity: identity, now: now, remote: "192.0.2.1")
    }

    private func opened(
        _ identity: ExternalIdentity, now: Double = 1_000
    ) async throws -> (secret: String, principal: Principal) {
        guard case .opened(let secret, let principal) = try await open(identity, now: now) else {
            throw RecordsError(.failed, "no session")
        }
        return (secret, principal)
    }

    private func session(_ secret: String, now: Double = 1_001) async throws -> Principal? {
        let hash = try TestSecrets.shared.sha256(Array(secret.utf8))
        return try await store.session(hash: hash, now: now)?.token.principal
    }

    private func actions() async throws -> [String] {
        try await store.lines(after: 0, limit: 100).map(\.entry.action)
    }

    @Test func `somebody is recorded once, and known again`() async throws {
        let first = try await opened(identity())
        let second = try await opened(identity())

        #expect(first.principal == second.principal && first.secret != second.secret)
        #expect(first.principal.name == "ada@example.com" && first.principal.role == .operator)
        #expect(try await session(first.secret) == first.principal)
        #expect(try await actions() == ["user.add"])
        let tokens = try await store.tokens()
        #expect(tokens.map(\.issuer) == ["https://id.example"] && !tokens[0].isBearer)
        #expect(try await store.users().isEmpty)
    }

    @Test func `role and name are what they are now, in all sessions`() async throws {
        let first = try await opened(identity())
        _ = try await opened(identity(name: "ada.l@example.com", role: .viewer))

        let known = try #require(try await session(first.secret))
        #expect(known.id == first.principal.id)
        #expect(known.role == .viewer && known.name == "ada.l@example.com")
        #expect(try await actions() == ["user.add", "token.role"])
        #expect(
            try await store.lines(after: 1, limit: 1)[0].entry.detail.hasPrefix(
                "role operator → viewer"))
    }

    @Test func `a name that another one has is not taken over`() async throws {
        _ = try await store.createToken(
            name: "ops", role: .admin, expiresAt: nil, now: 1_000, remote: "local", by: "root")
        #expect(try await open(identity(name: "ops")) == .nameTaken)

        let ada = try await opened(identity())
        // The same subject of another provider is somebody else.
        #expect(try await open(identity(issuer: "https://other.example")) == .nameTaken)
        #expect(try await open(identity("2")) == .nameTaken)
        // Who is known keeps the old name where the new one is taken.
        let renamed = try await opened(identity(name: "ops"))
        #expect(renamed.principal.id == ada.principal.id)
        #expect(renamed.principal.name == "ada@example.com")
        #expect(try await store.tokens().count == 2)
    }

    @Test func `who was removed stays out for as long as they are known`() async throws {
        let ada = try await opened(identity())
        _ = try await store.revokeToken(
            "ada@example.com", now: 1_001, remote: "local", by: "root")

        #expect(try await session(ada.secret) == nil)
        #expect(try await open(identity()) == .removed)
        // Nor does a new account of the same name bring them back, nor another name of a known one.
        #expect(try await open(identity("2")) == .removed)
        let bob = try await opened(identity("3", name: "bob@example.com"))
        #expect(try await opened(identity("3")).principal.name == bob.principal.name)
        let late = 1_002 + Limits.endedTokenSeconds
        while try await store.prune(now: late) > 0 {}
        #expect(try await open(identity(), now: late) == .removed)
    }

    @Test func `other settings end the sessions by a provider, and no others`() async throws {
        let token = try await store.createToken(
            name: "ops", role: .admin, expiresAt: nil, now: 1_000, remote: "local", by: "root")
        let ops = try #require(try await store.openSession(token: token.id, now: 1_000))
        func end(_ settings: String?) async throws -> Int {
            try await store.endIdentitySessions(unlessLetInBy: settings, now: 1_000)
        }
        #expect(try await end(nil) == 0)
        #expect(try await end("one") == 0)
        let ada = try await opened(identity())

        #expect(try await end("one") == 0)
        #expect(try await session(ada.secret) != nil)
        #expect(try await end("two") == 1)
        #expect(try await session(ada.secret) == nil)
        #expect(try await session(ops.secret) != nil)
        _ = try await opened(identity())
        #expect(try await end(nil) == 1)
        #expect(try await actions().filter { $0 == "session.closeAll" }.count == 2)
    }

    @Test func `an issuer has so many bytes and no more`() async throws {
        let longest = String(repeating: "i", count: Limits.issuerBytes)
        _ = try await opened(identity(issuer: longest))
        await #expect(throws: RecordsError.self) {
            try await open(identity("2", issuer: longest + "i", name: "bob"))
        }
    }
}
