package import LiveSync

/// The opaque text that a window's `next` carries and `after` brings back.
///
/// `c2`, a letter for the key's kind, the key, a dot and the handle: numbers as 16 hexadecimal digits of
/// their bits, texts as the hexadecimal digits of their bytes. It is a position, not a secret: a made-up
/// cursor only makes an odd page.
package enum PageCursor {
    /// Bytes of a text key at most; a longer key is cut, which may show some rows twice.
    static let keyBytes = 1_024
    private static let prefix = "c2"

    /// The cursor of a place.
    package static func encode(_ bound: SortBound) -> String {
        let key =
            switch bound.key {
            case .absent: "n"
            case .bool(let flag): flag ? "t" : "f"
            case .int(let number): "i" + hex(UInt64(bitPattern: Int64(number)))
            case .double(let number): "d" + hex(number.bitPattern)
            case .text(let text): "s" + hex(text)
            case .list(let json): "l" + hex(json)
            }
        return "\(prefix)\(key).\(bound.handle)"
    }

    /// The place of a cursor, `nil` if the text is none.
    package static func decode(_ text: String) -> SortBound? {
        guard text.utf8.count <= 2 * keyBytes + 32, text.hasPrefix(prefix),
            let dot = text.lastIndex(of: "."), let handle = Int(text[text.index(after: dot)...]),
            0...Int(ClientProtocol.largestInteger) ~= handle
        else { return nil }
        let key = text[text.index(text.startIndex, offsetBy: prefix.count)..<dot]
        guard let kind = key.first, let value = value(kind, key.dropFirst()) else { return nil }
        return SortBound(key: value, handle: handle)
    }

    private static func value(_ kind: Character, _ digits: Substring) -> FieldValue? {
        switch kind {
        case "n": return digits.isEmpty ? .absent : nil
        case "t": return digits.isEmpty ? .bool(true) : nil
        case "f": return digits.isEmpty ? .bool(false) : nil
        case "i":
            guard digits.utf8.count == 16, let bits = UInt64(digits, radix: 16) else { return nil }
            return .int(Int(Int64(bitPattern: bits)))
        case "d":
            guard digits.utf8.count == 16, let bits = UInt64(digits, radix: 16) else { return nil }
            let number = Double(bitPattern: bits)
            return number.isFinite ? .double(number) : nil
        case "s": return text(digits).map { .text($0) }
        case "l": return text(digits).map { .list($0) }
        default: return nil
        }
    }

    private static func hex(_ bits: UInt64) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func hex(_ text: String) -> String {
        // Cut between characters, so that the bytes stay a text.
        let bytes = Array(text.prefix(utf8: keyBytes).utf8)
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func text(_ digits: Substring) -> String? {
        let digits = Array(digits.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[place]), let low = digit(digits[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
