/// One in every byte of a word.
private let ones: UInt64 = 0x0101_0101_0101_0101
/// A byte with its top bit set in every place of a word.
private let highBits: UInt64 = 0x8080_8080_8080_8080

/// Looks for bytes eight at a time.
enum ByteSearch {
    /// Whether one of two bytes, both below 0x80, is among some.
    static func contains(_ bytes: Span<UInt8>, _ first: UInt8, or second: UInt8) -> Bool {
        let raw = unsafe bytes.bytes
        var index = 0
        while index &+ 8 <= raw.byteCount {
            // SAFETY: the eight bytes were just seen to be there.
            let word = unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index, as: UInt64.self)
            let other = word ^ (ones &* UInt64(second))
            let one = word ^ (ones &* UInt64(first))
            // A byte that is 0 now borrows into its top bit; the lowest that does is always a true one.
            if (((one &- ones) & ~one) | ((other &- ones) & ~other)) & highBits != 0 { return true }
            index &+= 8
        }
        while index < bytes.count {
            if bytes[index] == first || bytes[index] == second { return true }
            index &+= 1
        }
        return false
    }

    /// Whether two places hold the same bytes.
    @inline(__always)
    static func areSame(
        _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int
    ) -> Bool {
        var index = 0
        while index &+ 8 <= count {
            let one = unsafe UnsafeRawPointer(left).loadUnaligned(
                fromByteOffset: index, as: UInt64.self)
            let other = unsafe UnsafeRawPointer(right).loadUnaligned(
                fromByteOffset: index, as: UInt64.self)
            guard one == other else { return false }
            index &+= 8
        }
        while index < count {
            guard unsafe left[index] == right[index] else { return false }
            index &+= 1
        }
        return true
    }
}
