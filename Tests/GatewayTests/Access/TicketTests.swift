import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// One-time tickets (R3): spent by being shown, short-lived, for one principal and one page.
@Suite struct TicketTests {
    init() { EventLoop.shared.startThread() }

    private let ada = Principal(id: "ada", name: "ada", role: .operator)
    private let page = "https://ops.example"

    @LoopActor private func book() -> TicketBook { TicketBook(secrets: Lonely.Secrets()) }

    @Test @LoopActor func `a ticket is good once`() throws {
        let book = book()
        let text = try #require(book.issue(for: ada, cookie: "c", origin: page, now: 100))

        let ticket = try #require(book.redeem(text, origin: "HTTPS://ops.example", now: 101))

        #expect(ticket.principal == "ada" && ticket.cookie == "c")
        #expect(book.redeem(text, origin: page, now: 101) == nil)
        #expect(book.count == 0)
    }

    @Test(arguments: [nil, "https://ops.example.evil", "https://ops.example:8443", "null"])
    @LoopActor func `another page has no use of it, and neither has its own afterwards`(
        other: String?
    ) throws {
        let book = book()
        let text = try #require(book.issue(for: ada, cookie: nil, origin: page, now: 100))

        #expect(book.redeem(text, origin: other, now: 101) == nil)
        #expect(book.redeem(text, origin: page, now: 101) == nil)
    }

    @Test @LoopActor func `a ticket for programs is of no use to pages`() throws {
        let book = book()
        let text = try #require(book.issue(for: ada, cookie: nil, origin: nil, now: 100))
        #expect(book.redeem(text, origin: page, now: 101) == nil)
    }

    @Test @LoopActor func `it ends after half a minute`() throws {
        let book = book()
        let texts = try (0..<2).map { _ in
            try #require(book.issue(for: ada, cookie: nil, origin: nil, now: 100))
        }
        #expect(book.redeem(texts[0], origin: nil, now: 129.9) != nil)
        #expect(book.redeem(texts[1], origin: nil, now: 130) == nil)
    }

    @Test @LoopActor func `of one principal the oldest gives way, and of all there is a bound`()
        throws
    {
        let book = book()
        let first = try #require(book.issue(for: ada, cookie: nil, origin: nil, now: 100))
        for number in 1...TicketBook.perPrincipal {
            _ = book.issue(for: ada, cookie: nil, origin: nil, now: 100 + Double(number) / 100)
        }
        #expect(book.count == TicketBook.perPrincipal)
        #expect(book.redeem(first, origin: nil, now: 101) == nil)

        for number in TicketBook.perPrincipal..<TicketBook.limit {
            let other = Principal(id: "p\(number)", name: "p", role: .bot)
            #expect(book.issue(for: other, cookie: nil, origin: nil, now: 101) != nil)
        }
        let last = Principal(id: "last", name: "last", role: .bot)
        #expect(book.issue(for: last, cookie: nil, origin: nil, now: 101) == nil)
        // When their time is over, there is room again.
        #expect(book.issue(for: last, cookie: nil, origin: nil, now: 140) != nil)
    }

    @Test @LoopActor func `its text is not kept`() throws {
        let book = TicketBook(secrets: Hashing())
        let text = try #require(book.issue(for: ada, cookie: nil, origin: nil, now: 100))
        #expect(!"\(Mirror(reflecting: book).children.map { "\($0.value)" })".contains(text))
        #expect(book.redeem(text, origin: nil, now: 100) != nil)
    }

    /// As ``Lonely/Secrets``, with a hash that is another text.
    private final class Hashing: SecretSource {
        private let base = Lonely.Secrets()
        func makeIdentifier() throws(CredentialError) -> String { try base.makeIdentifier() }
        func sha256(_ bytes: [UInt8]) throws(CredentialError) -> [UInt8] { bytes.map { $0 ^ 0x80 } }
        func hmacSHA256(key: [UInt8], message: [UInt8]) throws(CredentialError) -> [UInt8] { key }
        func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool { left == right }
        func makeToken() throws(CredentialError) -> NewToken { try base.makeToken() }
        func tokenID(of text: String) -> String? { nil }
        func makeSecret() throws(CredentialError) -> String { "secret-\(try makeIdentifier())" }
        func isSecret(_ text: String) -> Bool { true }
        func csrfToken(session secret: String) throws(CredentialError) -> String { secret }
        func timeCodeStep(
            of code: String, secret: [UInt8], now: Double
        ) throws(CredentialError) -> Int64? { nil }
        func randomUUID() throws(CredentialError) -> String { try makeIdentifier() }
        func taskID(principal: String, key: String) throws(CredentialError) -> String { key }
    }
}
