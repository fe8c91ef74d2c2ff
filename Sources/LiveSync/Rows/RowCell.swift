/// One field of one row as it is kept: 8 bytes of bits, what they mean, and when they last changed.
struct RowCell {
    /// How the bits are read.
    enum Kind: UInt8 {
        case absent
        case no
        case yes
        case int
        case double
        /// A number in the topic's ``TextPool``.
        case text
        /// The same; the text is a JSON array.
        case list
        /// A number in the topic's ``SymbolPool``.
        case symbol
    }

    /// Kind and revision as they are kept, in four bytes: the kind in the top four bits.
    struct Mark {
        private let value: UInt32

        /// The highest offset; ``RowStore/rebase(to:)`` is due long before it is reached.
        static let lastRevision: UInt32 = (1 << 28) - 1

        init(_ kind: Kind, _ revision: UInt32) {
            value = UInt32(kind.rawValue) << 28 | revision & Self.lastRevision
        }

        var kind: Kind { Kind(rawValue: UInt8(value >> 28)) ?? .absent }
        var revision: UInt32 { value & Self.lastRevision }
    }

    var kind = Kind.absent
    var bits: UInt64 = 0
    /// Revision as an offset from the store's base, at most ``Mark/lastRevision``.
    var revision: UInt32 = 0

    /// The bits as a number in a pool.
    var index: UInt32 { UInt32(truncatingIfNeeded: bits) }
}

/// What is kept of a row beside its cells.
struct RowMeta {
    /// The row's handle, 0 while the slot is free.
    var handle = 0
    /// Rare columns that have a cell, as a mask.
    var rare: UInt64 = 0
    /// Offset of the last change of any cell.
    var lastChange: UInt32 = 0
    /// Bytes of the row's texts, unescaped.
    var textBytes: UInt32 = 0
    /// Neighbors in the list by last change; -1 at the ends.
    var previous: Int32 = -1
    var next: Int32 = -1
    /// Group of equal filter values; -1 in whole topics.
    var group: Int32 = -1
}
