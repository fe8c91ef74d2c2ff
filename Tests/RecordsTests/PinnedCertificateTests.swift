import Ports
import Testing

@testable import Records

@Suite struct PinnedCertificateTests {
    private let site = TemporarySite()
    private let store: RecordStore
    private let key: [UInt8] = [0x30, 1, 2, 3]

    init() throws { store = try site.open() }

    private func pin(
        _ name: String, key: [UInt8]? = nil, until end: Double = 2_000, now: Double = 1_000
    ) async throws(RecordsError) -> String {
        try await store.pinCertificate(
            key: key ?? self.key, name: name, role: .bot, scope: Scope(queues: ["mail"]),
            expiresAt: end, now: now, remote: "local", by: "root")
    }

    private func owner(_ key: [UInt8]) async throws -> TokenRecord? {
        try await store.token(certificate: store.secrets.sha256(key))
    }

    @Test func `a key signs its owner in, and is no bearer token`() async throws {
        let id = try await pin("loader")

        let found = try #require(try await owner(key))
        #expect(found.id == id && found.name == "loader" && found.role == .bot)
        #expect(found.scope == Scope(queues: ["mail"]) && found.expiresAt == 2_000)
        #expect(found.hasCertificate && !found.isBearer)
        #expect(try await owner([1]) == nil)
        let line = try #require(try await store.lines(after: 0, limit: 10).last).entry
        #expect(line.action == "token.create")
        #expect(line.detail == "role bot, by client certificate, only queues mail")
    }

    @Test func `one key is one owner's, until it is taken back or has ended`() async throws {
        _ = try await pin("loader")
        let refusal = await #expect(throws: RecordsError.self) { try await pin("other") }
        #expect(refusal?.code == .conflict)
        #expect(refusal?.message.contains("loader") == true)

        _ = try await store.revokeToken("loader", now: 1_100, remote: "local", by: "root")
        #expect(try await owner(key) == nil)
        _ = try await pin("other")
        _ = try await pin("third", until: 3_000, now: 2_000)
        #expect(try await owner(key)?.name == "third")
    }

    @Test func `a certificate that has ended is not pinned`() async throws {
        let refusal = await #expect(throws: RecordsError.self) {
            try await pin("late", until: 1_000)
        }
        #expect(refusal?.code == .invalid)
    }
}
