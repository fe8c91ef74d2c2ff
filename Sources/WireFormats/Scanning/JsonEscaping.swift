/// Writes text as a JSON string.
enum JsonEscaping {
    private static let hex = Array("0123456789abcdef".utf8)

    /// Appends `text` with quotes and escapes.
    ///
    /// - Parameter isASCII: whether everything above U+007E is written as `\uXXXX`, as Python does.
    static func append(_ text: String, asciiOnly isASCII: Bool, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        // No copy for a native string: its bytes are lent.
        var lent = text
        lent.withUTF8 { bytes in unsafe appendInside(bytes, isASCII, &output) }
        output.append(UInt8(ascii: "\""))
    }

    /// Copies runs of plain bytes whole, and escapes what stands between them.
    private static func appendInside(
        _ bytes: UnsafeBufferPointer<UInt8>, _ isASCII: Bool, _ output: inout [UInt8]
    ) {
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = unsafe bytes[index]
            let isPlain =
                byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                && (!isASCII || byte < 0x7F)
            if isPlain {
                index += 1
                continue
            }
            unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
            index += byte < 0x80 ? appendEscape(byte, &output) : 0
            if byte >= 0x80 { unsafe index += appendUnits(bytes, index, &output) }
            start = index
        }
        unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
    }

    /// Escapes one ASCII byte; returns the 1 byte taken.
    private static func appendEscape(_ byte: UInt8, _ output: inout [UInt8]) -> Int {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default: appendHex(UInt16(byte), &output)
        }
        return 1
    }

    /// Writes the character at `index` as UTF-16 escapes; returns the UTF-8 bytes taken.
    private static func appendUnits(
        _ bytes: UnsafeBufferPointer<UInt8>, _ index: Int, _ output: inout [UInt8]
    ) -> Int {
        let lead = unsafe bytes[index]
        let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        // A Swift string is always well-formed UTF-8.
        var scalar = UInt32(lead) & (0x7F >> UInt32(length))
        for offset in 1..<length where index + offset < bytes.count {
            scalar = unsafe scalar << 6 | UInt32(bytes[index + offset] & 0x3F)
        }
        if scalar < 0x10000 {
            output.append(UInt8(ascii: "\\"))
            appendHex(UInt16(truncatingIfNeeded: scalar), &output)
        } else {
            let rest = scalar &- 0x10000
            output.append(UInt8(ascii: "\\"))
            appendHex(0xD800 | UInt16(truncatingIfNeeded: rest >> 10), &output)
            output.append(UInt8(ascii: "\\"))
            appendHex(0xDC00 | UInt16(truncatingIfNeeded: rest & 0x3FF), &output)
        }
        return length
    }

    private static func appendHex(_ unit: UInt16, _ output: inout [UInt8]) {
        output.append(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] { output.append(hex[Int(unit >> shift & 0xF)]) }
    }
}

extension JsonEscaping {
    /// Appends an integer in decimal.
    static func appendDecimal(_ value: Int64, to output: inout [UInt8]) {
        if value < 0 { output.append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        let start = output.count
        repeat {
            output.append(UInt8(truncatingIfNeeded: magnitude % 10) + 0x30)
            magnitude /= 10
        } while magnitude > 0
        output[start...].reverse()
    }
}
