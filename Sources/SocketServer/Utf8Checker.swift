/// Checks UTF-8 (RFC 3629) that comes in pieces, and fails at the first byte that cannot be right.
///
/// libwebsockets has such a check, but under libuv it drops the connection without the Close frame
/// 1007 that the peer needs to know why.
struct Utf8Checker {
    /// Continuation bytes that the present character still needs.
    private var needed = 0
    /// Range of the next continuation byte: narrower after some first bytes, so that overlong
    /// forms, surrogates and what lies above U+10FFFF are refused.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xbf

    init() {}

    /// Whether the text may end here.
    var isComplete: Bool { needed == 0 }

    /// Takes the next piece.
    ///
    /// - Returns: whether the text can still be right.
    mutating func accept(_ bytes: some Sequence<UInt8>) -> Bool {
        for byte in bytes {
            guard accept(byte) else { return false }
        }
        return true
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        if needed > 0 {
            guard byte >= low, byte <= high else { return false }
            needed -= 1
            low = 0x80
            high = 0xbf
            return true
        }
        switch byte {
        case 0x00...0x7f: return true
        case 0xc2...0xdf: expect(1)
        case 0xe0: expect(2, from: 0xa0)
        case 0xed: expect(2, to: 0x9f)
        case 0xe1...0xef: expect(2)
        case 0xf0: expect(3, from: 0x90)
        case 0xf1...0xf3: expect(3)
        case 0xf4: expect(3, to: 0x8f)
        default: return false
        }
        return true
    }

    private mutating func expect(_ count: Int, from low: UInt8 = 0x80, to high: UInt8 = 0xbf) {
        needed = count
        self.low = low
        self.high = high
    }
}
