import Testing

@testable import Credentials

@Suite struct TimeCodeTests {
    /// The secret of the examples for SHA-1 in RFC 6238, appendix B.
    private let secret = Array("12345678901234567890".utf8)

    @Test(
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"), (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ] as [(Int64, String)])
    func `codes are those of RFC 6238`(time: Int64, code: String) throws {
        let step = time / 30

        #expect(try TimeCode.code(secret: secret, step: step, digits: 8) == code)
        let six = String(code.suffix(6))
        #expect(try TimeCode.code(secret: secret, step: step) == six)
        #expect(try TimeCode.step(of: six, secret: secret, now: Double(time)) == step)
    }

    @Test(arguments: [(-61, nil), (-31, nil), (-30, 40), (0, 40), (29, 40), (59, 40), (60, nil)])
    func `a code is taken one step early or late`(seconds: Double, step: Int64?) throws {
        let code = try TimeCode.code(secret: secret, step: 40)

        #expect(try TimeCode.step(of: code, secret: secret, now: 1_200 + seconds) == step)
    }

    @Test(arguments: ["", "12345", "1234567", "abcdef", "１２３４５６"])
    func `what is no code is of no step`(text: String) throws {
        #expect(try TimeCode.step(of: text, secret: secret, now: 1_200) == nil)
    }

    @Test(arguments: [-1, .nan, .infinity, 1e300])
    func `a time that cannot be has no codes`(now: Double) throws {
        let code = try TimeCode.code(secret: secret, step: 0)

        #expect(try TimeCode.step(of: code, secret: secret, now: now) == nil)
    }

    @Test(arguments: [
        // RFC 4648, section 10.
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"),
        ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI"),
    ])
    func `Base32 gives the published values`(text: String, expected: String) {
        #expect(Base32.encode(Array(text.utf8)) == expected)
    }

    @Test func `the address holds the secret and the name, whatever is in it`() {
        #expect(
            TimeCode.address(secret: secret, name: "ada l&é")
                == "otpauth://totp/Celeriac:ada%20l%26%C3%A9"
                + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                + "&issuer=Celeriac&algorithm=SHA1&digits=6&period=30")
    }
}
