import Testing

@testable import WireFormats

@Suite struct ResumeTokenTests {
    private let token = ResumeToken(
        epoch: "k3V9", instance: "gw-1", principal: "ada", expiresAt: 2_000,
        positions: [1: 8_123_001, 7: 3])

    /// Not a MAC, but it changes with every byte and every key.
    private static func signer(_ key: UInt8) -> ResumeToken.Signer {
        { bytes in
            var state = [UInt8](repeating: key, count: 32)
            for (index, byte) in bytes.enumerated() {
                let next = (index + 1) % 32
                state[index % 32] = (state[index % 32] ^ byte) &* 31 &+ state[next]
            }
            return state
        }
    }

    @Test func `a token comes back to the one it was given to, in time`() {
        let text = token.text(signedBy: Self.signer(1))

        #expect(read(text) == token)
        #expect(read(text, now: 2_000) == nil)
        #expect(read(text, principal: "eve") == nil)
        #expect(read(text, key: 2) == nil)
    }

    @Test func `a token that was changed anywhere is refused`() {
        let text = Array(token.text(signedBy: Self.signer(1)).utf8)
        for index in text.indices {
            var changed = text
            changed[index] =
                changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(read(String(decoding: changed, as: UTF8.self)) == nil)
        }
        #expect(read(String(decoding: text.dropLast(), as: UTF8.self)) == nil)
        #expect(read("") == nil)
        #expect(read("..") == nil)
        #expect(read("a.b.c") == nil)
    }

    @Test func `a short signature is no signature`() {
        let text = token.text(signedBy: { _ in [1, 2, 3] })

        #expect(
            ResumeToken(text, signedBy: { _ in [1, 2, 3] }, now: 0, principal: "ada") == nil)
    }

    @Test func `positions and length are bounded`() {
        let many = Dictionary(uniqueKeysWithValues: (0..<40).map { ($0, 1 << 52) })
        let full = ResumeToken(
            epoch: "e", instance: "i", principal: "ada", expiresAt: 2_000, positions: many)
        #expect(full.positions.count == 32)
        #expect(read(full.text(signedBy: Self.signer(1))) == full)

        let long = ResumeToken(
            epoch: String(repeating: "e", count: 3_000), instance: "i", principal: "ada",
            expiresAt: 2_000, positions: [:])
        let text = long.text(signedBy: Self.signer(1))
        #expect((text.utf8.count <= ResumeToken.textBytes) == (read(text) != nil))
        let longest = String(repeating: "A", count: ResumeToken.textBytes + 1)
        #expect(read(longest) == nil)
    }

    private func read(
        _ text: String, key: UInt8 = 1, now: Int = 1_999, principal: String = "ada"
    ) -> ResumeToken? {
        ResumeToken(text, signedBy: Self.signer(key), now: now, principal: principal)
    }
}
