/// A few texts that come again and again, such as host and task names, so that they are made once.
///
/// Direct-mapped: a text that lands on another's place replaces it. So it never grows.
struct InternTable {
    private var entries: [String]
    private static let places = 64
    /// Longest text worth keeping, bytes; up to 15 bytes a string needs no memory of its own.
    private static let keptBytes = 16...128

    init() { entries = Array(repeating: "", count: InternTable.places) }

    /// The text of a slice without escapes.
    @inline(__always)
    mutating func text(_ slice: JsonSlice, _ scanner: borrowing JsonScanner) -> String {
        guard slice.count >= InternTable.keptBytes.lowerBound else { return scanner.rawText(slice) }
        return longText(slice, scanner)
    }

    private mutating func longText(_ slice: JsonSlice, _ scanner: borrowing JsonScanner) -> String {
        guard slice.count <= InternTable.keptBytes.upperBound else { return scanner.rawText(slice) }
        let place = scanner.mark(slice) & (InternTable.places - 1)
        if scanner.equal(slice, entries[place]) { return entries[place] }
        let text = scanner.rawText(slice)
        entries[place] = text
        return text
    }
}

extension JsonScanner {
    /// A cheap hash of at least 16 bytes: their number, first and last eight.
    @inline(__always)
    func mark(_ slice: JsonSlice) -> Int {
        guard slice.count >= 16, slice.start + slice.count <= count else { return 0 }
        let first = word(at: slice.start)
        let last = word(at: slice.start + slice.count - 8)
        let mixed = (first ^ last &* 3 ^ UInt64(slice.count)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 40)
    }
}
