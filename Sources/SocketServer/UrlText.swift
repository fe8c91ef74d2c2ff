/// Percent-encoding (RFC 3986 2.1) of what libwebsockets has decoded.
///
/// It decodes paths and queries while it reads them, and removes `.`, `..` and empty segments.
/// Handlers get them encoded again in one normal form: a `%2F` in a path is a `/` afterwards.
enum UrlText {
    /// Encodes a path: everything but unreserved characters and `/:@!$&'()*+,;=` is escaped.
    static func encodePath(_ bytes: [UInt8]) -> String {
        encode(bytes, keeping: Array("/:@!$&'()*+,;=".utf8))
    }

    /// Encodes one `name=value`; its first `=` is the separator.
    static func encodeQueryItem(_ bytes: [UInt8]) -> String {
        guard let equals = bytes.firstIndex(of: 0x3d) else { return encode(bytes, keeping: kept) }
        return encode(Array(bytes[..<equals]), keeping: kept) + "="
            + encode(Array(bytes[(equals + 1)...]), keeping: kept)
    }

    private static let kept = Array("/:@!$'()*,".utf8)
    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func encode(_ bytes: [UInt8], keeping kept: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for byte in bytes {
            if isUnreserved(byte) || kept.contains(byte) {
                text.append(byte)
            } else {
                text += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: true
        default: false
        }
    }
}
