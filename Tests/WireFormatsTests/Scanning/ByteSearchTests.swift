import Testing

@testable import WireFormats

/// Eight bytes at a time finds what one at a time finds: at each place of a text of any length.
struct ByteSearchTests {
    private func contains(_ bytes: [UInt8]) -> Bool {
        ByteSearch.contains(bytes.span, UInt8(ascii: ":"), or: UInt8(ascii: "="))
    }

    private func areSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        unsafe left.withUnsafeBufferPointer { one in
            unsafe right.withUnsafeBufferPointer { other in
                guard let one = one.baseAddress, let other = other.baseAddress else { return true }
                return unsafe ByteSearch.areSame(one, other, count: left.count)
            }
        }
    }

    // Neighbors of both bytes, the ends of ASCII, and bytes with their top bit set.
    @Test(arguments: [0x39, 0x3B, 0x3C, 0x3E, 0x00, 0x01, 0x7F, 0x80, 0xBA, 0xBD, 0xFF] as [UInt8])
    func `a byte is found wherever it stands, and no other is taken for it`(filler: UInt8) {
        for length in 0...40 {
            var bytes = Array(repeating: filler, count: length)
            #expect(!contains(bytes))
            for place in bytes.indices {
                for wanted in ":=".utf8 {
                    bytes[place] = wanted
                    #expect(contains(bytes))
                }
                bytes[place] = filler
            }
        }
    }

    @Test func `random bytes are searched as one by one`() {
        var generator = SeededGenerator(11)
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...24, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0x30...0x45, using: &generator) }
            #expect(contains(bytes) == bytes.contains { $0 == 0x3A || $0 == 0x3D })
        }
    }

    @Test func `one other byte at any place makes a difference`() {
        for length in 0...40 {
            let bytes = (0..<length).map { UInt8($0) }
            #expect(areSame(bytes, bytes))
            for place in bytes.indices {
                var other = bytes
                other[place] ^= 0x80
                #expect(!areSame(bytes, other))
            }
        }
    }
}
