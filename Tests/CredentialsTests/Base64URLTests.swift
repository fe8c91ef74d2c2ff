import Credentials
import Ports
import Testing

@Suite struct Base64URLTests {
    @Test(arguments: [
        // RFC 4648 section 10, without padding, and the two characters that differ from base64.
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
        ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func `texts are those of the RFC`(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test func `the alphabet is the one for addresses`() {
        #expect(Base64URL.encode([0xfb, 0xff, 0xfe]) == "-__-")
        #expect(Base64URL.decode("-__-") == [0xfb, 0xff, 0xfe])
    }

    @Test(arguments: ["Zg==", "Z", "Zm9v+", "Zm9v/", "Zh", "Zm9", "Zm 9", "Zm9v\n", "é", "ZZZZZ"])
    func `what it would never write is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `decoding undoes encoding at every length`() throws {
        for count in 0...200 {
            let bytes = try Randomness.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }
}
