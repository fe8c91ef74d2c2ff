/// An IPv4 or IPv6 address as 16 bytes (RFC 4291; IPv4 as `::ffff:a.b.c.d`, so both forms of one are equal).
package struct InternetAddress: Sendable, Hashable {
    package let bytes: [UInt8]

    /// Whether it is an IPv4 address.
    package var isFour: Bool {
        bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
    }

    /// Reads `192.0.2.1` or `2001:db8::1`, without brackets, port and zone; `nil` if it is none.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        if !text.contains(":") {
            guard let four = Self.four(text) else { return nil }
            bytes = [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + four
            return
        }
        guard let bytes = Self.six(String(text)) else { return nil }
        self.bytes = bytes
    }

    private static func four(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // No leading zero: some readers take it for octal.
            guard isDigits(part, "0"..."9", atMost: 3), part.count == 1 || part.first != "0",
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: String) -> [UInt8]? {
        let halves = text.split(
            separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var sides: [[UInt8]] = []
        for (index, half) in halves.enumerated() {
            guard let side = groups(half, isLast: index == halves.count - 1) else { return nil }
            sides.append(side)
        }
        guard halves.count == 2 else { return sides[0].count == 16 ? sides[0] : nil }
        let missing = 16 - sides[0].count - sides[1].count
        guard missing >= 2 else { return nil }
        return sides[0] + [UInt8](repeating: 0, count: missing) + sides[1]
    }

    /// Groups of four digits; the last of all may be an IPv4 address.
    private static func groups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.contains(".") {
                guard let four = four(part) else { return nil }
                bytes += four
            } else {
                guard isDigits(part, "0"..."9", "a"..."f", "A"..."F", atMost: 4),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
            }
        }
        return bytes
    }

    private static func isDigits(
        _ text: some StringProtocol, _ ranges: ClosedRange<Character>..., atMost limit: Int
    ) -> Bool {
        (1...limit).contains(text.count)
            && text.allSatisfy { digit in ranges.contains { $0.contains(digit) && digit.isASCII } }
    }
}
