/// Base64 of RFC 4648 section 4, as kombu writes bodies: standard alphabet, padded, no line breaks.
package enum Base64 {
    /// Four tables of 256 words, one per place in a group of four: the place's six bits already where
    /// they belong in the 24-bit result, or `bad` for a byte outside the alphabet.
    // SAFETY: filled once before anybody can see it, never changed, never freed.
    nonisolated(unsafe) private static let tables: UnsafePointer<UInt32> = {
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 1024)
        unsafe table.initialize(repeating: bad, count: 1024)
        for (value, byte) in alphabet.enumerated() {
            for place in 0..<4 {
                unsafe table[place * 256 + Int(byte)] = UInt32(value) << UInt32(18 - 6 * place)
            }
        }
        return unsafe UnsafePointer(table)
    }()

    private static let bad: UInt32 = 0xFF00_0000
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Bytes that `count` characters may decode to, and room for the last whole-word write.
    static func decodedCapacity(_ count: Int) -> Int { count / 4 * 3 + 8 }

    /// Decodes from `source` until a byte outside the alphabet, which need not be the end.
    ///
    /// - Parameters:
    ///   - target: room for `decodedCapacity(count)` bytes.
    /// - Returns: characters taken, padding included, and bytes written; nil if the last group is cut
    ///   off or its padding is wrong. Left-over bits are ignored, as Python does.
    // SAFETY: reads stay below `count`, writes below `decodedCapacity(count)`.
    static func decode(
        _ source: UnsafePointer<UInt8>, count: Int, into target: UnsafeMutablePointer<UInt8>
    ) -> (taken: Int, written: Int)? {
        let table = unsafe tables
        var input = 0
        var output = 0
        while input + 4 <= count {
            let first = unsafe table[Int(source[input])] | table[256 + Int(source[input + 1])]
            let second =
                unsafe table[512 + Int(source[input + 2])] | table[768 + Int(source[input + 3])]
            let group = first | second
            if group >= 1 << 24 { break }
            unsafe UnsafeMutableRawPointer(target + output).storeBytes(
                of: (group << 8).bigEndian, as: UInt32.self)
            input += 4
            output += 3
        }
        return unsafe decodeTail(source, count, input, target, output)
    }

    /// The last, padded group, if there is one.
    private static func decodeTail(
        _ source: UnsafePointer<UInt8>, _ count: Int, _ start: Int,
        _ target: UnsafeMutablePointer<UInt8>, _ written: Int
    ) -> (taken: Int, written: Int)? {
        guard start < count else { return (start, written) }
        let table = unsafe tables
        let first = unsafe table[Int(source[start])]
        // Not in the alphabet: the text ends here.
        if first == bad { return (start, written) }
        guard start + 4 <= count, unsafe source[start + 3] == UInt8(ascii: "=") else { return nil }
        let second = unsafe table[256 + Int(source[start + 1])]
        guard second != bad else { return nil }
        unsafe target[written] = UInt8(truncatingIfNeeded: (first | second) >> 16)
        if unsafe source[start + 2] == UInt8(ascii: "=") { return (start + 4, written + 1) }
        let third = unsafe table[512 + Int(source[start + 2])]
        guard third != bad else { return nil }
        unsafe target[written + 1] = UInt8(truncatingIfNeeded: (second | third) >> 8)
        return (start + 4, written + 2)
    }

    /// Decodes a whole text; nil if any byte of it is not base64 or the padding is wrong.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let count = text.count
        guard count > 0 else { return [] }
        let scratch = ScratchBytes()
        let isWhole = unsafe text.withUnsafeBufferPointer { source -> Bool in
            guard let base = source.baseAddress else { return false }
            return unsafe scratch.decodeBase64(base, count: count) == count
        }
        return isWhole ? scratch.copy() : nil
    }

    /// Appends the base64 text of `bytes` to `output`.
    package static func encode(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        let letters = alphabet.span
        output.reserveCapacity(output.count + (bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16
                | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            output.append(letters[Int(group >> 18)])
            output.append(letters[Int(group >> 12 & 63)])
            output.append(left > 1 ? letters[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            output.append(left > 2 ? letters[Int(group & 63)] : UInt8(ascii: "="))
            index += 3
        }
    }
}
