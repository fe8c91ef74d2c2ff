extension JsonScanner {
    /// Finds the number at the cursor and steps over it, checking the grammar of RFC 8259 section 6
    /// (`-Infinity` is found too).
    @inline(__always)
    package mutating func scanNumber() throws(JsonError) -> JsonSlice {
        let start = position
        var index = position
        if byte(at: index) == UInt8(ascii: "-") {
            index += 1
            if byte(at: index) == UInt8(ascii: "I") { return try scanNegativeInfinity() }
        }
        let firstDigit = index
        while byte(at: index) &- 0x30 < 10 { index += 1 }
        guard index > firstDigit,
            index == firstDigit + 1 || byte(at: firstDigit) != UInt8(ascii: "0")
        else {
            throw JsonError(
                index > firstDigit || index < count ? .badNumber : .unexpectedEnd, at: start)
        }
        var kind = JsonSlice.Kind.integer
        if byte(at: index) == UInt8(ascii: ".") {
            kind = .fraction
            index += 1
            let digits = index
            while byte(at: index) &- 0x30 < 10 { index += 1 }
            guard index > digits else { throw JsonError(.badNumber, at: start) }
        }
        if byte(at: index) | 0x20 == UInt8(ascii: "e") {
            kind = .fraction
            index += 1
            let sign = byte(at: index)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            let digits = index
            while byte(at: index) &- 0x30 < 10 { index += 1 }
            guard index > digits else { throw JsonError(.badNumber, at: start) }
        }
        position = index
        return JsonSlice(start: start, count: index - start, kind: kind)
    }

    private mutating func scanNegativeInfinity() throws(JsonError) -> JsonSlice {
        let slice = JsonSlice(start: position, count: 9, kind: .nonFinite)
        guard position + 9 <= count, matches(slice, "-Infinity") else { throw unexpected() }
        position += 9
        return slice
    }

    /// The value of an integer slice; nil if it is none or does not fit into 64 bits.
    @inline(__always)
    package func integer(_ slice: JsonSlice) -> Int64? {
        guard slice.kind == .integer else { return nil }
        let isNegative = byte(at: slice.start) == UInt8(ascii: "-")
        let first = isNegative ? slice.start + 1 : slice.start
        let end = slice.start + slice.count
        guard end - first <= 18 else { return Int64(rawText(slice)) }
        var value: Int64 = 0
        for index in first..<end { value = value &* 10 &+ Int64(byte(at: index) &- 0x30) }
        return isNegative ? -value : value
    }

    /// The value of a number slice, correctly rounded; nil if it is no number.
    ///
    /// May be infinite or not a number (Python writes such, and `1e999` is beyond a double).
    @inline(__always)
    package func double(_ slice: JsonSlice) -> Double? {
        switch slice.kind {
        case .integer, .fraction: decimal(slice)
        case .nonFinite: nonFinite(slice)
        default: nil
        }
    }

    private func nonFinite(_ slice: JsonSlice) -> Double {
        switch byte(at: slice.start) {
        case UInt8(ascii: "N"): .nan
        case UInt8(ascii: "-"): -.infinity
        default: .infinity
        }
    }

    /// Up to 19 digits, at most 18 of them behind the point and no exponent: exact by one division;
    /// the rest goes the slow way.
    private func decimal(_ slice: JsonSlice) -> Double? {
        var index = slice.start
        let end = slice.start + slice.count
        let isNegative = byte(at: index) == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard end - index <= 20 else { return Double(rawText(slice)) }
        var digits: UInt64 = 0
        var digitCount = 0
        var fractionDigits = -1
        while index < end {
            let byte = byte(at: index)
            index += 1
            if byte == UInt8(ascii: ".") {
                fractionDigits = 0
                continue
            }
            guard byte &- 0x30 < 10, digitCount < 19 else { return Double(rawText(slice)) }
            digits = digits &* 10 &+ UInt64(byte &- 0x30)
            digitCount += 1
            if fractionDigits >= 0 { fractionDigits += 1 }
        }
        let value = DecimalFraction.double(digits, overTenTo: max(0, fractionDigits))
        return isNegative ? -value : value
    }
}
