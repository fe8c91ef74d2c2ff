import Credentials
import Ports
import Testing

@Suite struct OpenSSLSecretsTests {
    private let secrets = OpenSSLSecrets()

    @Test func `a token reads back as what was made`() throws {
        for _ in 0..<500 {
            let token = try BearerToken()

            let read = try #require(BearerToken(parsing: token.text))

            #expect(read == token)
            #expect(secrets.tokenID(of: token.text) == token.id)
            #expect(token.text.utf8.count == 64)
            #expect(Base64URL.decode(token.secret)?.count == 32)
        }
    }

    @Test func `tokens never repeat`() throws {
        let texts = try (0..<1000).map { _ in try secrets.makeToken().text }

        #expect(Set(texts).count == 1000)
    }

    @Test func `anything that is not exactly a token is refused`() throws {
        let text = try secrets.makeToken().text
        let dashes = text.split(separator: "_", maxSplits: 2)
        let wrong = [
            "", "clr_", "Bearer \(text)", text + "a", String(text.dropLast()), " " + text,
            text.replacing("clr_", with: "CLR_", maxReplacements: 1), text.uppercased(),
            String(repeating: "_", count: 64), String(repeating: "é", count: 32),
            "clr_" + String(repeating: "é", count: 8) + "_\(dashes[2])",
            "clr_\(dashes[1])_" + String(repeating: "=", count: 43),
            "clr_\(dashes[1])_" + String(repeating: "A", count: 42) + "B",
        ]

        for candidate in wrong {
            #expect(secrets.tokenID(of: candidate) == nil, "\(candidate)")
        }
    }

    @Test func `secrets have 256 bits and are known by their shape`() throws {
        let secret = try secrets.makeSecret()

        #expect(Base64URL.decode(secret)?.count == 32)
        #expect(secrets.isSecret(secret))
        #expect(!secrets.isSecret(secret + "A"))
        #expect(!secrets.isSecret(String(secret.dropLast())))
        #expect(!secrets.isSecret(""))
        #expect(!secrets.isSecret(String(repeating: "\u{0}", count: 43)))
    }

    @Test func `a page's token belongs to one session`() throws {
        let first = try secrets.makeSecret()
        let second = try secrets.makeSecret()

        #expect(try secrets.csrfToken(session: first) == secrets.csrfToken(session: first))
        #expect(try secrets.csrfToken(session: first) != secrets.csrfToken(session: second))
        #expect(try Base64URL.decode(secrets.csrfToken(session: first))?.count == 32)
    }

    @Test func `a key always gives the same task id and no other principal's`() throws {
        // Computed with Python's uuid.uuid5(UUID("3a9d9553-…"), "5:alicek-1").
        #expect(
            try secrets.taskID(principal: "alice", key: "k-1")
                == "48519871-029a-5f9c-a712-9d51ca2bef39")
        #expect(
            try secrets.taskID(principal: "a", key: "bc")
                != secrets.taskID(principal: "ab", key: "c"))
        #expect(
            try secrets.taskID(principal: "alice", key: "k-1")
                != secrets.taskID(principal: "bob", key: "k-1"))
    }

    @Test func `identifiers use letters and digits that people do not confuse`() throws {
        let allowed = Set("abcdefghijkmnpqrstuvwxyz23456789")

        for _ in 0..<200 {
            let identifier = try secrets.makeIdentifier()
            #expect(identifier.count == 16)
            #expect(allowed.isSuperset(of: identifier))
        }
    }

    @Test func `as many random bytes come as were asked for`() throws {
        for count in [0, 1, 31, 4096, Randomness.maximumCount] {
            #expect(try Randomness.bytes(count).count == count)
        }
        // 4,096 bytes without 200 different values would be no accident.
        #expect(Set(try Randomness.bytes(4096)).count > 200)
    }
}
