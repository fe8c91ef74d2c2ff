/// A byte with its top bit set in every place of a word.
private let highBits: UInt64 = 0x8080_8080_8080_8080
/// One in every byte of a word.
private let ones: UInt64 = 0x0101_0101_0101_0101

extension JsonScanner {
    /// Finds the string whose opening quote is at the cursor and steps over its closing quote.
    ///
    /// Eight bytes at a time: a word without quote, backslash and control character is passed in a
    /// few operations (the classic test for a zero byte, https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord).
    /// A false alarm of that test only sends the word through the slow lane.
    @inline(__always)
    package mutating func scanString() throws(JsonError) -> JsonSlice {
        let start = position + 1
        var index = start
        var seen: UInt64 = 0
        var isEscaped = false
        while true {
            while index + 8 <= count {
                let word = word(at: index)
                let quote = word ^ (ones &* 0x22)
                let slash = word ^ (ones &* 0x5C)
                let hit =
                    ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash)
                    | ((word &- (ones &* 0x20)) & ~word)
                if hit & highBits != 0 {
                    // The lowest flagged byte is always a true hit: borrows only travel upward.
                    let skip = (hit & highBits).trailingZeroBitCount >> 3
                    seen |= word & ~(~0 << (UInt64(skip) &* 8))
                    index += skip
                    break
                }
                seen |= word
                index += 8
            }
            let byte = byte(at: index)
            if byte == UInt8(ascii: "\"") { break }
            guard index < count else { throw JsonError(.unexpectedEnd, at: count) }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                index += 2
            } else if byte < 0x20 {
                throw JsonError(.controlCharacter, at: index)
            } else {
                seen |= UInt64(byte)
                index += 1
            }
        }
        position = index + 1
        let isPlain = !isEscaped && seen & highBits == 0
        return JsonSlice(
            start: start, count: index - start, kind: isPlain ? .plainString : .codedString)
    }

    /// The text of a string slice, in Python's way: a lone surrogate or bytes that are no UTF-8 become U+FFFD.
    ///
    /// - Parameter limit: length in UTF-8 bytes beyond which the text is cut at a character's border
    ///   and ended by `…`.
    @inline(__always)
    package func text(_ slice: JsonSlice, limit: Int = .max) throws(JsonError) -> String {
        if slice.kind == .plainString, slice.count <= limit { return plainText(slice) }
        return try codedText(slice, limit: limit)
    }

    /// The text of a plain string: all ASCII, as `scanString` has seen, so that it is not looked at again.
    @inline(__always)
    func plainText(_ slice: JsonSlice) -> String {
        assert(slice.kind == .plainString, "text that nobody has looked at")
        guard slice.start + slice.count <= count else { return "" }
        let bytes = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(start: base + slice.start, count: slice.count))
        return unsafe String(copying: UTF8Span(unchecked: bytes, isKnownASCII: true))
    }

    /// The bytes of a slice as text, escapes left as they are.
    @inline(__always)
    package func rawText(_ slice: JsonSlice) -> String {
        guard slice.start + slice.count <= count else { return "" }
        return unsafe String(
            decoding: UnsafeBufferPointer(start: base + slice.start, count: slice.count),
            as: UTF8.self)
    }

    @inline(never)
    private func codedText(_ slice: JsonSlice, limit: Int) throws(JsonError) -> String {
        // One escape gives at most 4 bytes from 6, so `limit` bytes come from at most 6 × limit.
        let bytes = try unescaped(slice, refuseLone: false, upTo: limit)
        if bytes.count <= limit { return String(decoding: bytes, as: UTF8.self) }
        var end = limit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }

    /// The text of a string slice; refuses lone surrogates and bytes that are no UTF-8.
    package func strictText(_ slice: JsonSlice) throws(JsonError) -> String {
        if slice.kind == .plainString { return plainText(slice) }
        let bytes = try unescaped(slice, refuseLone: true, upTo: .max)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw JsonError(.invalidUTF8, at: slice.start)
        }
        return text
    }

    /// Resolves the escapes of a string, up to a little more than `limit` bytes of output.
    private func unescaped(
        _ slice: JsonSlice, refuseLone: Bool, upTo limit: Int
    ) throws(JsonError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(min(slice.count, limit < .max - 8 ? limit + 8 : limit))
        var index = slice.start
        let end = min(slice.start + slice.count, count)
        while index < end {
            guard output.count <= limit else { break }
            let start = index
            while index < end, byte(at: index) != UInt8(ascii: "\\") { index += 1 }
            if index > start {
                // As a piece; what is beyond the limit is cut off anyway.
                let room = limit - output.count
                let length = index - start > room ? room + 1 : index - start
                unsafe output.append(
                    contentsOf: UnsafeBufferPointer(start: base + start, count: length))
                continue
            }
            guard index + 1 < end else { throw JsonError(.badEscape, at: index) }
            switch self.byte(at: index + 1) {
            case UInt8(ascii: "\""): output.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): output.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): output.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                index = try unescapeUnit(index, end: end, refuseLone: refuseLone, into: &output)
                continue
            default: throw JsonError(.badEscape, at: index)
            }
            index += 2
        }
        return output
    }

    /// Resolves `\uXXXX` at `index`, with its second half if it is a pair; returns where it ends.
    private func unescapeUnit(
        _ index: Int, end: Int, refuseLone: Bool, into output: inout [UInt8]
    ) throws(JsonError) -> Int {
        let unit = try hexUnit(index, end: end)
        var next = index + 6
        var scalar = UInt32(unit)
        if unit & 0xFC00 == 0xD800, byte(at: next) == UInt8(ascii: "\\"),
            byte(at: next + 1) == UInt8(ascii: "u"), next + 6 <= end
        {
            let second = try hexUnit(next, end: end)
            if second & 0xFC00 == 0xDC00 {
                scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10) + UInt32(second & 0x3FF)
                next += 6
            }
        }
        guard let character = Unicode.Scalar(scalar) else {
            if refuseLone { throw JsonError(.loneSurrogate, at: index) }
            output.append(contentsOf: [0xEF, 0xBF, 0xBD])
            return next
        }
        output.append(contentsOf: UTF8.encode(character) ?? UTF8.encodedReplacementCharacter)
        return next
    }

    /// The four hexadecimal digits behind `\u` at `index`.
    private func hexUnit(_ index: Int, end: Int) throws(JsonError) -> UInt16 {
        guard index + 6 <= end else { throw JsonError(.badEscape, at: index) }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            let byte = byte(at: index + offset)
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte &- 0x30
            case 0x41...0x46: digit = byte &- 0x37
            case 0x61...0x66: digit = byte &- 0x57
            default: throw JsonError(.badEscape, at: index)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
