import Ports
import Testing

@testable import Records

@Suite struct FirstStartTests {
    private let site = TemporarySite()
    private let store: RecordStore

    init() throws { store = try site.open(.gateway) }

    private func link(now: Double) async throws -> LoginCode? {
        guard case .link(let code) = try await FirstStart.prepare(store, now: now) else {
            return nil
        }
        return code
    }

    @Test func `the first start makes an admin who comes in by a link, once`() async throws {
        let code = try #require(try await link(now: 1000))

        let session = try #require(try await store.openSession(code: code.text, now: 4599))

        #expect(code.expiresAt == 4600)
        #expect(session.principal.role == .admin)
        #expect(session.principal.name == "admin")
        #expect(try await store.tokens().map(\.isBearer) == [false])
        #expect(try await store.openSession(code: code.text, now: 4599) == nil)
        #expect(try await FirstStart.prepare(store, now: 4600) == .alreadySetUp)
    }

    @Test func `a link that nobody used is replaced by the next start's`() async throws {
        let first = try #require(try await link(now: 1000))
        let second = try #require(try await link(now: 1001))

        #expect(try await store.tokens().count == 1)
        #expect(try await store.openSession(code: first.text, now: 1002) == nil)
        #expect(try await store.openSession(code: second.text, now: 1002) != nil)
    }

    @Test func `a link ends after its hour`() async throws {
        let code = try #require(try await link(now: 1000))

        #expect(try await store.openSession(code: code.text, now: 4600) == nil)
        #expect(try await link(now: 4600) != nil)
    }

    @Test func `a bearer token of an admin is a way in, another role's is none`() async throws {
        _ = try await store.createToken(
            name: "admin", role: .bot, expiresAt: nil, now: 1, remote: "local", by: "root")
        let code = try #require(try await link(now: 1000))
        #expect(code.principal.name.hasPrefix("admin-"))

        _ = try await store.createToken(
            name: "real", role: .admin, expiresAt: 5000, now: 1001, remote: "local", by: "root")
        #expect(try await FirstStart.prepare(store, now: 1002) == .alreadySetUp)
        #expect(try await link(now: 5000) != nil)
    }

    @Test func `a link can be had again at any time, for one and the same admin`() async throws {
        let first = try await FirstStart.makeAdminLink(store, seconds: 60, now: 1000, by: "root")
        _ = try await store.createToken(
            name: "real", role: .admin, expiresAt: nil, now: 1001, remote: "local", by: "root")
        let second = try await FirstStart.makeAdminLink(store, seconds: 60, now: 1002, by: "root")

        #expect(first.principal == second.principal)
        #expect(try await store.openSession(code: first.text, now: 1003) != nil)
        #expect(try await store.openSession(code: second.text, now: 1062) == nil)
    }
}
