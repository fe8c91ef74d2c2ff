/// Texts that come again and again, such as names and the ids of tasks that run, so that they are made once.
///
/// Direct-mapped: a text that lands on another's place replaces it. So it never grows.
struct InternTable {
    /// The bytes as they came, and what is made of them.
    private var entries: [(raw: String, made: String)]
    /// Longest text worth keeping, bytes; up to 15 bytes a string needs no memory of its own.
    private static let keptBytes = 16...128

    /// Makes an empty table.
    ///
    /// - Parameter places: how many texts are kept, a power of two.
    init(places: Int) {
        precondition(places > 0 && places & (places - 1) == 0, "\(places) is no power of two")
        entries = Array(repeating: ("", ""), count: places)
    }

    /// The text of a plain string, or what is made of it, once.
    @inline(__always)
    mutating func text(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner, _ make: (String) -> String = { $0 }
    ) -> String {
        guard slice.count >= InternTable.keptBytes.lowerBound else {
            return make(scanner.plainText(slice))
        }
        return longText(slice, scanner, make)
    }

    private mutating func longText(
        _ slice: JsonSlice, _ scanner: borrowing JsonScanner, _ make: (String) -> String
    ) -> String {
        guard slice.count <= InternTable.keptBytes.upperBound else {
            return make(scanner.plainText(slice))
        }
        let place = scanner.mark(slice) & (entries.count - 1)
        if scanner.equal(slice, entries[place].raw) { return entries[place].made }
        let raw = scanner.plainText(slice)
        let made = make(raw)
        entries[place] = (raw, made)
        return made
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
