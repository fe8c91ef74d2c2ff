import Credentials
import Ports
import Testing
import WireFormats

@testable import Gateway

/// What is believed of a provider, and each way in which it is not.
@Suite struct IDTokenCheckTests {
    private static let rsa = Result { try SigningKey(.rsa) }
    private static let curve = Result { try SigningKey(.p256) }
    private static let now = 1_000_000.0

    private let check = IDTokenCheck(
        issuer: "https://id.example", clientID: "celeriac", nonce: "n-1", now: now)

    private static let claims: [String: JsonValue] = [
        "iss": "https://id.example", "aud": "celeriac", "sub": "248289761001", "nonce": "n-1",
        "exp": 1_000_300, "iat": 1_000_000, "email": "Ada@Example.com", "email_verified": true,
    ]

    private func object(_ members: [String: JsonValue]) -> JsonValue {
        .object(members.sorted { $0.key < $1.key }.map { JsonMember($0.key, $0.value) })
    }

    private func token(
        _ changes: [String: JsonValue?] = [:], header: JsonValue = ["alg": "RS256", "kid": "k1"],
        by key: SigningKey? = nil
    ) throws -> String {
        var claims = Self.claims
        for (name, value) in changes { claims[name] = value }
        return try (key ?? Self.rsa.get()).token(header: header, claims: object(claims))
    }

    private func keys(_ entries: JsonValue...) throws -> KeySet {
        try #require(KeySet(["keys": .array(entries)]))
    }

    private func fault(_ text: String, _ keys: KeySet? = nil) throws -> IDTokenFault? {
        let keys = try keys ?? self.keys(Self.rsa.get().entry(id: "k1"))
        do throws(IDTokenFault) {
            _ = try check.claims(in: text, keys: keys, checker: OpenSSLSignatures())
            return nil
        } catch {
            return error
        }
    }

    @Test func `a token of the provider for this sign-in is believed`() throws {
        let (rsa, curve) = (try Self.rsa.get(), try Self.curve.get())
        let both = try keys(rsa.entry(id: "k1"), curve.entry(id: "k2"))
        let tokens = [
            try token(), try token(header: ["alg": "ES256", "kid": "k2", "typ": "JWT"], by: curve),
            // One key fits, so it needs no name.
            try token(header: ["alg": "ES256"], by: curve),
        ]
        for text in tokens {
            let claims = try check.claims(in: text, keys: both, checker: OpenSSLSignatures())
            #expect(claims.subject == "248289761001" && claims.email == "ada@example.com")
            #expect(claims.isEmailVerified && claims.name == "ada@example.com")
        }
    }

    @Test func `no other algorithm is taken, and no shared secret`() throws {
        let text = try token()
        let parts = text.split(separator: ".").map(String.init)
        for algorithm: JsonValue in [
            "none", "None", "NONE", "", "HS256", "HS384", "RS384", "RS512", "PS256", "ES384",
            "EdDSA", "rs256", .null, 1,
        ] {
            let header = Base64URL.encode(Array(object(["alg": algorithm]).text().utf8))
            #expect(try fault("\(header).\(parts[1]).\(parts[2])") == .algorithm, "\(algorithm)")
            #expect(try fault("\(header).\(parts[1]).") == .algorithm)
        }
        // The public key as if it were a secret, whatever the signature is then.
        let header = Base64URL.encode(Array(#"{"alg":"HS256","kid":"k1"}"#.utf8))
        let secret = try OpenSSLSecrets().hmacSHA256(
            key: Array(Self.rsa.get().entry(id: nil).text().utf8),
            message: Array("\(header).\(parts[1])".utf8))
        #expect(
            try fault("\(header).\(parts[1]).\(Base64URL.encode(secret))") == .algorithm)
    }

    @Test func `a key is one that the provider has, for that algorithm`() throws {
        let rsa = try Self.rsa.get()
        let text = try token()
        let empty = try keys()
        #expect(try fault(text, empty) == .unknownKey)
        #expect(try fault(text, keys(rsa.entry(id: "k2"))) == .unknownKey)
        #expect(try fault(text, keys(rsa.entry(id: nil))) == .unknownKey)
        #expect(try fault(text, keys(rsa.entry(id: "k1"), rsa.entry(id: "k1"))) == .unknownKey)
        #expect(
            try fault(text, keys(rsa.entry(id: "k1", JsonMember("use", "enc")))) == .unknownKey)
        #expect(
            try fault(text, keys(rsa.entry(id: "k1", JsonMember("alg", "RS512")))) == .unknownKey)
        #expect(
            try fault(text, keys(rsa.entry(id: "k1", JsonMember("key_ops", ["encrypt"]))))
                == .unknownKey)
        #expect(
            try fault(
                text,
                keys(
                    rsa.entry(
                        id: "k1", JsonMember("use", "sig"), JsonMember("alg", "RS256"),
                        JsonMember("key_ops", ["verify"])))) == nil)
        // Without a name, two could be meant.
        let unnamed = try token(header: ["alg": "RS256"])
        #expect(try fault(unnamed, keys(rsa.entry(id: "a"), rsa.entry(id: "b"))) == .unknownKey)
        #expect(try fault(unnamed, keys(rsa.entry(id: "a"))) == nil)
        // The word of the token does not choose another kind of key.
        let lying = try token(header: ["alg": "ES256", "kid": "k1"])
        #expect(try fault(lying) == .unknownKey)
    }

    @Test func `what only looks like the name of a key is another one`() throws {
        let key = try Self.rsa.get().entry(id: "K")
        #expect(try fault(token(header: ["alg": "RS256", "kid": "K"]), keys(key)) == nil)
        #expect(
            try fault(token(header: ["alg": "RS256", "kid": "\u{212a}"]), keys(key))
                == .unknownKey)
    }

    @Test func `somebody else's signature is none`() throws {
        let text = try token()
        let other = try SigningKey(.rsa)
        #expect(try fault(text, keys(other.entry(id: "k1"))) == .signature)
        let parts = text.split(separator: ".").map(String.init)
        let claims = Base64URL.encode(
            Array(object(Self.claims.merging(["sub": "eve"]) { $1 }).text().utf8))
        #expect(try fault("\(parts[0]).\(claims).\(parts[2])") == .signature)
        #expect(try fault("\(parts[0]).\(parts[1]).") == .signature)
        let weak = object(["kty": "RSA", "kid": "k1", "n": "AQAB", "e": "AQAB"])
        #expect(try fault(text, keys(weak)) == .weakKey)
    }

    @Test(arguments: [
        "", "a", "a.b", "a.b.c", "a.b.c.d", "..", "e30.e30.", "e30=.e30.e30", "W10.W10.e30",
    ])
    func `what is no token is refused`(text: String) throws {
        let found = try fault(text)
        #expect(found == .malformed || found == .algorithm)
    }

    @Test func `a header asks for nothing that we do not know`() throws {
        let header: JsonValue = ["alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": false]
        #expect(try fault(token(header: header)) == .critical)
        #expect(try fault(token(header: ["alg": "RS256", "kid": 1])) == .malformed)
    }

    @Test func `a token has so many bytes and no more`() throws {
        func padded(_ count: Int) throws -> String {
            try token(["filler": .string(String(repeating: "x", count: count))])
        }
        // Each three bytes make four characters: the longest that fits, and the next one.
        var count = OpenIDLimits.tokenBytes * 3 / 4 - 600
        while try padded(count + 1).utf8.count <= OpenIDLimits.tokenBytes { count += 1 }
        let longest = try padded(count)
        #expect(longest.utf8.count > OpenIDLimits.tokenBytes - 4)
        #expect(try fault(longest) == nil)
        #expect(try fault(padded(count + 1)) == .tooLarge)
    }

    @Test func `a key set has so many keys and no more`() throws {
        let key = try Self.rsa.get().entry(id: "k1")
        let others = (0..<OpenIDLimits.keys).map {
            JsonValue.object([JsonMember("kid", .integer(Int64($0)))])
        }
        let last = try #require(KeySet(["keys": .array(others.dropLast() + [key])]))
        let beyond = try #require(KeySet(["keys": .array(others + [key])]))
        #expect(try fault(token(), last) == nil)
        #expect(try fault(token(), beyond) == .unknownKey)
        #expect(KeySet(["keys": "none"]) == nil)
        #expect(KeySet([]) == nil)
    }

    @Test func `the issuer is the same to the letter`() throws {
        for issuer: JsonValue? in [
            "https://id.example/", "https://ID.example", "https://evil.example", nil, 1,
        ] {
            #expect(try fault(token(["iss": issuer])) == .issuer)
        }
    }

    @Test func `a token is for this client`() throws {
        for audience: JsonValue? in ["other", ["other"], [], nil, "celeriac2", ["celeriac2"]] {
            #expect(try fault(token(["aud": audience])) == .audience)
        }
        #expect(try fault(token(["aud": ["celeriac"]])) == nil)
        #expect(try fault(token(["aud": ["celeriac", "other"]])) == .authorizedParty)
        #expect(try fault(token(["aud": ["celeriac", "other"], "azp": "celeriac"])) == nil)
        #expect(try fault(token(["azp": "other"])) == .authorizedParty)
        #expect(try fault(token(["aud": "other", "azp": "celeriac"])) == .audience)
    }

    @Test func `times hold within a minute`() throws {
        let skew = OpenIDLimits.skewSeconds
        let past = OpenIDLimits.tokenSeconds + skew
        let cases: [(String, Double?, IDTokenFault?)] = [
            ("exp", Self.now - skew + 1, nil), ("exp", Self.now - skew, .expired),
            ("exp", nil, .expired), ("iat", Self.now + skew, nil),
            ("iat", Self.now + skew + 1, .issuedAt), ("iat", Self.now - past, nil),
            ("iat", Self.now - past - 1, .issuedAt), ("iat", nil, .issuedAt),
            ("nbf", Self.now + skew, nil), ("nbf", Self.now + skew + 1, .notYetValid),
            ("nbf", nil, nil),
        ]
        for (name, value, expected) in cases {
            let text = try token([name: value.map { .number($0) }])
            #expect(try fault(text) == expected, "\(name) \(value ?? .nan)")
        }
        for name in ["exp", "iat", "nbf"] {
            #expect(try fault(token([name: "1000000"])) != nil)
            #expect(try fault(token([name: .null])) != nil)
        }
    }

    @Test func `the nonce is that of this sign-in, and somebody is named`() throws {
        for nonce: JsonValue? in ["n-2", nil, "", ["n-1"]] {
            #expect(try fault(token(["nonce": nonce])) == .nonce)
        }
        let longest = String(repeating: "s", count: OpenIDLimits.subjectBytes)
        #expect(try fault(token(["sub": .string(longest)])) == nil)
        for subject: JsonValue? in [.string(longest + "s"), "", nil, "a\u{0}b", "ada\u{e9}", 7] {
            #expect(try fault(token(["sub": subject])) == .subject)
        }
    }
}
