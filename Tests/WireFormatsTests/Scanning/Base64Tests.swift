import Testing
import WireFormats

struct Base64Tests {
    private func decode(_ text: String) -> String? {
        Base64.decode(Array(text.utf8).span).map { String(decoding: $0, as: UTF8.self) }
    }

    // The vectors of RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `known texts are encoded and decoded`(plain: String, coded: String) {
        var output: [UInt8] = []
        Base64.encode(Array(plain.utf8).span, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == coded)
        #expect(decode(coded) == plain)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zm9", "Zm9v!", "Zm9v=", "====", "Z===", "Zm=v", "Zg==Zg==", "Zm9vé",
        "Zm 9",
    ])
    func `a broken text is refused`(text: String) {
        #expect(decode(text) == nil)
    }

    @Test func `random bytes survive`() {
        var generator = SeededGenerator(3)
        for length in 0..<600 {
            let bytes = (0..<length).map { _ in UInt8(generator.below(256)) }
            var coded: [UInt8] = []
            Base64.encode(bytes.span, into: &coded)
            #expect(coded.count == (length + 2) / 3 * 4)
            #expect(Base64.decode(coded.span) == bytes)
        }
    }
}
