import Credentials
import Testing

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }.joined()
}

@Suite struct DigestTests {
    @Test(arguments: [
        // NIST's examples for SHA-256 (FIPS 180-4).
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 gives the published values`(text: String, expected: String) throws {
        #expect(hex(try Digest.sha256(Array(text.utf8))) == expected)
    }

    @Test(arguments: [
        // RFC 4231 test cases 1, 2 and 6 (a key longer than a block).
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `HMAC-SHA-256 gives the published values`(
        key: [UInt8], message: String, expected: String
    ) throws {
        let code = try Digest.hmacSHA256(key: key, message: Array(message.utf8))

        #expect(hex(code) == expected)
    }

    @Test func `an empty key and an empty message have an HMAC too`() throws {
        #expect(
            hex(try Digest.hmacSHA256(key: [], message: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `comparison sees each differing byte and each differing length`() {
        let bytes: [UInt8] = Array(0..<32)

        #expect(Digest.isEqual(bytes, bytes))
        #expect(Digest.isEqual([], []))
        #expect(!Digest.isEqual(bytes, Array(bytes.dropLast())))
        #expect(!Digest.isEqual(bytes, []))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!Digest.isEqual(bytes, other))
        }
    }
}
