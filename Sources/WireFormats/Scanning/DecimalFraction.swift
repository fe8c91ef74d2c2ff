/// Exact conversion of short decimal fractions to doubles.
///
/// Times such as `1795460972.8949387` have 17 digits: too many for the usual shortcut (digits below
/// 2^53, then one division of doubles), and the general conversion costs more than all the rest of
/// an event. With 64-bit digits and a power of ten that fits 64 bits, one 128-by-64-bit division
/// gives a quotient of 64 significant bits and a remainder, which is all that correct rounding needs.
enum DecimalFraction {
    /// `digits / 10^power`, rounded to nearest, ties to even.
    ///
    /// - Parameter power: 0…19.
    @inline(__always)
    static func double(_ digits: UInt64, overTenTo power: Int) -> Double {
        if power == 0 || digits == 0 { return Double(digits) }
        if digits < 1 << 53 { return Double(digits) / tenTo(power) }
        return divided(digits, power)
    }

    /// Powers of ten up to 10^22 are exact doubles.
    @inline(__always)
    private static func tenTo(_ power: Int) -> Double { Double(integerTenTo(power)) }

    @inline(__always)
    private static func integerTenTo(_ power: Int) -> UInt64 {
        switch power {
        case 1: 10
        case 2: 100
        case 3: 1000
        case 4: 10000
        case 5: 100000
        case 6: 1_000_000
        case 7: 10_000_000
        case 8: 100_000_000
        case 9: 1_000_000_000
        case 10: 10_000_000_000
        case 11: 100_000_000_000
        case 12: 1_000_000_000_000
        case 13: 10_000_000_000_000
        case 14: 100_000_000_000_000
        case 15: 1_000_000_000_000_000
        case 16: 10_000_000_000_000_000
        case 17: 100_000_000_000_000_000
        case 18: 1_000_000_000_000_000_000
        default: 10_000_000_000_000_000_000
        }
    }

    private static func divided(_ digits: UInt64, _ power: Int) -> Double {
        // Both sides shifted until their top bit is set; the quotient then lies in [1/2, 2).
        let divisor = integerTenTo(power)
        let divisorShift = divisor.leadingZeroBitCount
        let digitsShift = digits.leadingZeroBitCount
        let bottom = divisor << UInt64(divisorShift)
        let top = digits << UInt64(digitsShift)
        // Halving the dividend keeps the quotient below 2^64.
        let isLarge = top >= bottom
        let high = isLarge ? top >> 1 : top
        let low = isLarge ? top << 63 : 0
        // Between 2^63 and 2^64 in both cases, so its top 53 bits are the double's.
        let (whole, remainder) = bottom.dividingFullWidth((high, low))
        let exponent = divisorShift - digitsShift - 64 + (isLarge ? 1 : 0)
        let quotient = remainder == 0 ? whole : whole | 1
        // 64 bits to 53: the low 11 decide; the lowest bit holds "there is more".
        let half = quotient & 0x7FF
        var mantissa = quotient >> 11
        if half > 0x400 || (half == 0x400 && mantissa & 1 == 1) { mantissa += 1 }
        // Far inside the normal range, so the scale is exact: 2^(exponent + 11).
        return Double(mantissa) * Double(bitPattern: UInt64(1023 + exponent + 11) << 52)
    }
}
