import Testing
import WireFormats

@testable import Gateway

@Suite struct RoleMappingTests {
    private func claims(_ all: JsonValue) -> IDTokenClaims { IDTokenClaims(subject: "s", all: all) }

    private func answer(_ mapping: String, _ all: JsonValue) throws -> RoleMapping.Answer {
        try #require(RoleMapping(mapping)).answer(for: claims(all))
    }

    @Test func `the first entry that fits counts`() throws {
        let mapping =
            "mallory@example.com=none, ada@example.com=admin, @example.com=viewer,groups:ops=operator"
        let cases: [(String, RoleMapping.Answer)] = [
            ("ada@example.com", .role(.admin)), ("ADA@Example.COM", .role(.admin)),
            ("bob@example.com", .role(.viewer)), ("mallory@example.com", .nobody),
            ("eve@sub.example.com", .nobody), ("eve@notexample.com", .nobody),
            ("ada@example.com@evil.example", .nobody), ("", .nobody),
            // A Kelvin sign, whose lower case is the letter k.
            ("ada@example.com\u{212a}", .nobody),
        ]
        for (email, expected) in cases {
            let found = try answer(
                mapping, ["email": .string(email), "email_verified": true])
            #expect(found == expected, "\(email)")
        }
        #expect(try answer(mapping, ["groups": ["dev", "ops"]]) == .role(.operator))
        #expect(try answer(mapping, ["groups": "ops"]) == .role(.operator))
        #expect(try answer(mapping, ["groups": ["OPS", "op", "opsx"]]) == .nobody)
        #expect(try answer(mapping, [:]) == .nobody)
    }

    @Test func `an address that is not verified lets nobody in, and names nobody`() throws {
        for verified: JsonValue in [false, .null, "true", 1] {
            let all: JsonValue = ["email": "ada@example.com", "email_verified": verified]
            #expect(try answer("ada@example.com=admin", all) == .unverified)
            #expect(try answer("@example.com=admin", all) == .unverified)
            #expect(try answer("@other.example=admin", all) == .nobody)
            #expect(claims(all).name == "OpenID s")
        }
        let all: JsonValue = ["email": "ada@example.com", "groups": ["ops"]]
        #expect(try answer("ada@example.com=admin,groups:ops=viewer", all) == .role(.viewer))
    }

    @Test func `it is known whether an admin may come in`() throws {
        #expect(try #require(RoleMapping("@a.example=viewer,groups:ops=admin")).letsIn(.admin))
        #expect(
            try !#require(RoleMapping("admin@a.example=viewer,b@a.example=none")).letsIn(.admin))
    }

    @Test func `who is kept out stays out with an unverified address too`() throws {
        let all: JsonValue = ["email": "mallory@example.com", "groups": ["ops"]]
        #expect(try answer("mallory@example.com=none,groups:ops=admin", all) == .nobody)
        #expect(try answer("@example.com=none,groups:ops=admin", all) == .nobody)
        #expect(try answer("eve@example.com=none,groups:ops=admin", all) == .role(.admin))
    }

    @Test func `texts that only look the same are not`() throws {
        #expect(try answer("groups:K=admin", ["groups": ["\u{212a}"]]) == .nobody)
        #expect(try answer("K:ops=admin", ["\u{212a}": "ops"]) == .nobody)
        #expect(try answer("K:ops=admin", ["K": "ops"]) == .role(.admin))
    }

    @Test func `claims may be named by addresses, and their values hold colons and signs`() throws {
        let named: JsonValue = ["https://x.example/roles": ["ops"], "dn": "cn=ops:1", "hd": "a@b"]
        #expect(try answer("https://x.example/roles:ops=bot", named) == .role(.bot))
        #expect(try answer("dn:cn=ops:1=viewer", named) == .role(.viewer))
        #expect(try answer("hd:a@b=viewer", named) == .role(.viewer))
    }

    @Test(arguments: [
        "", ",", "ada@example.com", "ada@example.com=root", "=admin", "ada=admin", "@=admin",
        ":x=admin", "email:ada@example.com=admin", "groups:=admin", "@a@b=admin", "@example.com=",
        "ad\u{e9}@example.com=admin",
        "@example.com=admin,broken",
    ])
    func `what is no entry is refused`(text: String) {
        #expect(RoleMapping(text) == nil)
    }

    @Test func `there are so many entries and no more`() {
        func mapping(_ count: Int) -> RoleMapping? {
            RoleMapping((0..<count).map { "u\($0)@example.com=viewer" }.joined(separator: ","))
        }
        #expect(mapping(OpenIDLimits.rules) != nil)
        #expect(mapping(OpenIDLimits.rules + 1) == nil)
    }

    @Test func `an address is a name up to its bound`() {
        let domain = "@example.com"
        func address(_ count: Int) -> String {
            String(repeating: "a", count: count - domain.utf8.count) + domain
        }
        #expect(IDTokenClaims.address(address(OpenIDLimits.emailBytes)) != nil)
        #expect(IDTokenClaims.address(address(OpenIDLimits.emailBytes + 1)) == nil)
    }
}
