import Credentials
import LiveSync
import Testing

@testable import Gateway

/// What a client comes back with (R5) is believed only as far as this run of the gateway wrote it.
@Suite struct ResumeTokenTests {
    private func tokens() throws -> ResumeTokens { try ResumeTokens(secrets: OpenSSLSecrets()) }
    private let places = [(subscription: 1, revision: 70), (subscription: 9, revision: 88)]

    @Test func `what is kept can be resumed, what is not cannot`() throws {
        let tokens = try tokens()
        let token = try #require(tokens.make(places, epoch: "k3", expiresAt: 1_000))
        #expect(tokens.judge(token, epoch: "k3", now: 999) { $0 >= 70 } == .resumed)
        #expect(tokens.judge(token, epoch: "k3", now: 1_000) { $0 >= 70 } == .tooOld)
        #expect(tokens.judge(token, epoch: "k3", now: 999) { $0 >= 71 } == .tooOld)
        #expect(tokens.judge(token, epoch: "k4", now: 999) { _ in true } == .epochChanged)
        #expect(tokens.make([], epoch: "k3", expiresAt: 1_000) == nil)
    }

    @Test func `nobody else can write one`() throws {
        let tokens = try tokens()
        let token = try #require(tokens.make(places, epoch: "k3", expiresAt: 1_000))
        let other = try #require(try self.tokens().make(places, epoch: "k3", expiresAt: 1_000))
        let parts = token.split(separator: ".").map(String.init)
        let forged = [
            "", ".", "x", "\(parts[0]).", ".\(parts[1])", "\(parts[0])A.\(parts[1])",
            "\(parts[0]).\(parts[1])A", "\(parts[0]).\(parts[1]).x", other,
            String(repeating: "a", count: ResumeTokens.length + 1),
        ]
        for text in forged {
            #expect(tokens.judge(text, epoch: "k3", now: 0) { _ in true } == .invalid, "\(text)")
        }
    }

    @Test func `a session's most subscriptions fit`() throws {
        let tokens = try tokens()
        let most = SyncLimits().subscriptionsPerSession
        let places = (0..<most).map { (subscription: (1 << 31) - $0, revision: 1 << 53 - 1 - $0) }
        let token = try #require(tokens.make(places, epoch: "abcdefghijklmnop", expiresAt: 1 << 60))
        #expect(token.utf8.count <= ResumeTokens.length)
        #expect(tokens.judge(token, epoch: "abcdefghijklmnop", now: 0) { _ in true } == .resumed)
    }
}
