import Testing
import WireFormats

@testable import Gateway

@Suite struct ProviderMetadataTests {
    private static let document: [String: JsonValue] = [
        "issuer": "https://id.example/realm",
        "authorization_endpoint": "https://id.example/auth?x=1",
        "token_endpoint": "https://id.example/token", "jwks_uri": "https://keys.example/jwks",
    ]

    private func metadata(
        _ changes: [String: JsonValue?] = [:], issuer: String = "https://id.example/realm"
    ) throws -> ProviderMetadata? {
        var members = Self.document
        for (name, value) in changes { members[name] = value }
        let document = JsonValue.object(members.map { JsonMember($0.key, $0.value) })
        let address = try #require(WebAddress(issuer))
        do throws(ProviderMetadata.Fault) {
            return try ProviderMetadata(document, issuer: address)
        } catch {
            return nil
        }
    }

    @Test func `a document says where to go and how to prove who asks`() throws {
        let plain = try #require(try metadata())
        #expect(plain.token.text == "https://id.example/token" && plain.proof == .basic)
        #expect(!plain.namesIssuer)
        let post = try metadata(["token_endpoint_auth_methods_supported": ["client_secret_post"]])
        #expect(post?.proof == .post)
        let both: JsonValue = ["client_secret_post", "client_secret_basic"]
        #expect(try metadata(["token_endpoint_auth_methods_supported": both])?.proof == .basic)
        #expect(
            try metadata(["authorization_response_iss_parameter_supported": true])?.namesIssuer
                == true)
    }

    @Test func `a document of another issuer, or that leads astray, is refused`() throws {
        let bad: [[String: JsonValue?]] = [
            ["issuer": "https://evil.example"], ["issuer": "https://id.example/realm/"],
            ["issuer": nil], ["token_endpoint": nil], ["jwks_uri": 1],
            ["token_endpoint": "http://id.example/token"], ["jwks_uri": "file:///etc/passwd"],
            ["token_endpoint": "http://127.0.0.1:6379/"],
            ["token_endpoint_auth_methods_supported": ["private_key_jwt"]],
            ["id_token_signing_alg_values_supported": ["HS256", "EdDSA"]],
        ]
        for changes in bad { #expect(try metadata(changes) == nil, "\(changes)") }
        let fine: JsonValue = ["HS256", "ES256"]
        #expect(try metadata(["id_token_signing_alg_values_supported": fine]) != nil)
    }

    @Test func `the document is below the issuer`() throws {
        let known = "/.well-known/openid-configuration"
        for text in ["https://id.example/realm", "https://id.example/realm/"] {
            let address = try #require(WebAddress(text))
            #expect(ProviderMetadata.url(of: address) == "https://id.example/realm\(known)")
        }
    }

    @Test(arguments: [
        ("https://id.example", true), ("https://id.example:8443/a?b=c", true),
        ("http://127.0.0.1:9000", true), ("http://localhost:9000/x", true), ("http://[::1]/", true),
        ("http://id.example", false), ("http://127.0.0.1.evil.example", false),
        ("http://0.0.0.0", false), ("https://", false), ("https:///x", false),
        ("https://user@id.example", false), ("https://id.example/#x", false), ("ftp://x", false),
        ("https://id.example/a b", false), ("https://id.example:0/", false),
        ("https://id.exam\u{212a}ple", false), ("https://id.example\\@evil", false),
    ])
    func `an address goes over the network encrypted, or not at all`(text: String, isTaken: Bool) {
        #expect((WebAddress(text) != nil) == isTaken)
    }

    @Test func `an address has so many bytes and no more`() {
        let start = "https://id.example/"
        func address(_ count: Int) -> String {
            start + String(repeating: "a", count: count - start.utf8.count)
        }
        #expect(WebAddress(address(OpenIDLimits.urlBytes)) != nil)
        #expect(WebAddress(address(OpenIDLimits.urlBytes + 1)) == nil)
    }
}
