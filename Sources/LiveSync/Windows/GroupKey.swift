/// The numbers of a group's values, in the order of the filter columns: hashed without an array.
struct GroupKey: Hashable {
    /// Filter columns that a windowed topic may have.
    static let capacity = 8

    private var words = InlineArray<4, UInt64>(repeating: 0)
    private var count = 0

    /// Adds the number of the next column's value.
    mutating func append(_ number: Int32) {
        words[count >> 1] |= UInt64(UInt32(bitPattern: number)) << UInt64((count & 1) * 32)
        count += 1
    }

    /// The number at a place.
    subscript(place: Int) -> Int32 {
        Int32(truncatingIfNeeded: words[place >> 1] >> UInt64((place & 1) * 32))
    }

    static func == (left: GroupKey, right: GroupKey) -> Bool {
        left.words[0] == right.words[0] && left.words[1] == right.words[1]
            && left.words[2] == right.words[2] && left.words[3] == right.words[3]
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words[0])
        hasher.combine(words[1])
        if count > 4 {
            hasher.combine(words[2])
            hasher.combine(words[3])
        }
    }
}
