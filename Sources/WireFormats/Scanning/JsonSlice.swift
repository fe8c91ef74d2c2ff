/// Where one scanned JSON value stands in its text; nothing is copied yet.
///
/// Valid only with the scanner that made it. For strings the range is the inside of the quotes.
package struct JsonSlice {
    /// What kind of value it is.
    package enum Kind: UInt8 {
        /// No value: a member that was not there.
        case absent
        case null
        case `true`
        case `false`
        /// A number without fraction and exponent.
        case integer
        /// A number with fraction or exponent.
        case fraction
        /// Python's `NaN`, `Infinity` or `-Infinity`.
        case nonFinite
        /// Text, all ASCII, without escapes.
        case plainString
        /// Text with escapes or bytes above 0x7F.
        case codedString
        case array
        case object
    }

    // 12 bytes a slice: an event has thirty of them. `JsonScanner.maxCount` keeps offsets in range.
    private let start32: UInt32
    private let count32: UInt32
    /// What kind of value it is.
    package let kind: Kind

    @inline(__always)
    init(start: Int, count: Int, kind: Kind) {
        start32 = UInt32(truncatingIfNeeded: start)
        count32 = UInt32(truncatingIfNeeded: count)
        self.kind = kind
    }

    /// Offset of the first byte.
    @inline(__always)
    package var start: Int { Int(start32) }

    /// Number of bytes.
    @inline(__always)
    package var count: Int { Int(count32) }

    /// A member that was not there.
    @inline(__always)
    package static var absent: JsonSlice { JsonSlice(start: 0, count: 0, kind: .absent) }

    /// Whether it is text.
    @inline(__always)
    package var isString: Bool { kind == .plainString || kind == .codedString }

    /// Whether there is a value other than `null`.
    @inline(__always)
    package var isValue: Bool { kind.rawValue > Kind.null.rawValue }
}
