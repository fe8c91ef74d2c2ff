package import Ports

/// Universally unique identifiers (RFC 9562) as lower-case text of 36 characters.
package enum UniversalID {
    /// The namespace of ids that Celeriac derives: version 5 of `celeriac` in the URL namespace of
    /// RFC 9562. It must never change, or a repeated request would get another task id.
    package static let celeriac = "3a9d9553-60e7-54d2-a2d6-2f51ad07103e"

    /// A random id (version 4): 122 random bits.
    package static func random() throws(CredentialError) -> String {
        text(try Randomness.bytes(16), version: 4)
    }

    /// The id of a name in a namespace (version 5): the same for the same name, always.
    ///
    /// - Parameters:
    ///   - namespace: a UUID as text; anything else is refused.
    ///   - name: any bytes.
    package static func derived(
        namespace: String, name: [UInt8]
    ) throws(CredentialError) -> String {
        guard let space = bytes(of: namespace) else {
            throw CredentialError(.failed, "a UUID was to be derived in a namespace that is none")
        }
        return text(Array(try Digest.sha1(space + name).prefix(16)), version: 5)
    }

    private static func text(_ bytes: [UInt8], version: UInt8) -> String {
        var bytes = bytes
        bytes[6] = bytes[6] & 0x0f | version << 4
        bytes[8] = bytes[8] & 0x3f | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(of text: String) -> [UInt8]? {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = groups.joined().utf8.map { $0 }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 32, by: 2) {
            guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
