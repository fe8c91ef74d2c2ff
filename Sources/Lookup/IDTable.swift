/// Places by id: a hash table that keeps no ids, only where they are.
///
/// Whoever owns the things that the ids name keeps the ids, too, and is asked whether one is at a place:
/// so nothing is stored twice. Open addressing with linear probing over entries of 8 bytes, at most 7 in 8
/// taken: eight entries are one line of a processor's cache, so longer probes cost less than a larger table.
/// The hash is computed once for a look-up and the insertion after it, and is a third of the cost of
/// Swift's own (16 ns for a UUID, not 40): every event looks an id up several times.
package struct IDTable: Sendable {
    /// A place and the part of its id's hash that is kept; an empty entry has place -1.
    @usableFromInline struct Entry: Sendable {
        @usableFromInline var mark: UInt32 = 0
        @usableFromInline var place: Int32 = -1
    }

    @usableFromInline var entries = Array(repeating: Entry(), count: 16)
    /// Ids in the table.
    package private(set) var count = 0

    /// Makes an empty table.
    package init() {}

    /// The kept part of an id's hash.
    package struct Mark: Sendable {
        @usableFromInline let value: UInt32

        /// Hashes an id, eight bytes at a time: multiply, and fold both halves of the product (the way
        /// of https://github.com/wangyi-fudan/wyhash). Keyed by a secret of this process, so that nobody
        /// can make up ids that collide.
        package init(_ id: String) {
            let bytes = id.utf8Span.span
            let count = bytes.count
            let secret = Self.secret
            var state = secret ^ UInt64(count)
            var index = 0
            while index &+ 8 <= count {
                state = Self.fold(state ^ Self.word(bytes, index))
                index &+= 8
            }
            if index < count, count >= 8 {
                // The last eight once more: cheaper than one after the other.
                state = Self.fold(state ^ Self.word(bytes, count &- 8))
            } else if index < count {
                var rest: UInt64 = 0
                while index < count {
                    rest = rest << 8 | UInt64(bytes[index])
                    index &+= 1
                }
                state = Self.fold(state ^ rest)
            }
            state = Self.fold(state ^ secret)
            value = UInt32(truncatingIfNeeded: state)
        }

        private static let secret: UInt64 = {
            // Swift keys its own hashes with a random number of the process.
            var hasher = Hasher()
            hasher.combine("IDTable")
            return UInt64(bitPattern: Int64(hasher.finalize()))
        }()

        @inline(__always)
        private static func fold(_ value: UInt64) -> UInt64 {
            let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(
                by: 0xE703_7ED1_A0B4_28DB)
            return product.high ^ product.low
        }

        /// Eight bytes as a number. Checked once as a piece: of eight checks for themselves no load can be
        /// made that takes them at once.
        @inline(__always)
        private static func word(_ bytes: Span<UInt8>, _ at: Int) -> UInt64 {
            let piece = bytes.extracting(at..<at &+ 8)
            let low =
                UInt64(piece[0]) | UInt64(piece[1]) << 8 | UInt64(piece[2]) << 16
                | UInt64(piece[3]) << 24
            let high =
                UInt64(piece[4]) | UInt64(piece[5]) << 8 | UInt64(piece[6]) << 16
                | UInt64(piece[7]) << 24
            return low | high << 32
        }
    }

    /// The place of an id.
    ///
    /// - Parameter isThere: whether the id is at a place.
    @inlinable @inline(__always)
    package func find(_ mark: Mark, _ isThere: (Int32) -> Bool) -> Int32? {
        let last = entries.count - 1
        var index = Int(mark.value) & last
        while entries[index].place >= 0 {
            if entries[index].mark == mark.value, isThere(entries[index].place) {
                return entries[index].place
            }
            index = (index + 1) & last
        }
        return nil
    }

    /// Notes the place of an id that is not in the table.
    package mutating func insert(_ mark: Mark, at place: Int32) {
        count += 1
        if count * 8 > entries.count * 7 { grow() }
        put(Entry(mark: mark.value, place: place))
    }

    /// Forgets a place.
    package mutating func remove(_ mark: Mark, at place: Int32) {
        let last = entries.count - 1
        var hole = Int(mark.value) & last
        while entries[hole].place != place {
            guard entries[hole].place >= 0 else { return }
            hole = (hole + 1) & last
        }
        count -= 1
        // Entries behind it that would not be found across the hole move into it.
        var next = (hole + 1) & last
        while entries[next].place >= 0 {
            let home = Int(entries[next].mark) & last
            if (next - home) & last >= (next - hole) & last {
                entries[hole] = entries[next]
                hole = next
            }
            next = (next + 1) & last
        }
        entries[hole] = Entry()
    }

    private mutating func put(_ entry: Entry) {
        let last = entries.count - 1
        var index = Int(entry.mark) & last
        while entries[index].place >= 0 { index = (index + 1) & last }
        entries[index] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: Entry(), count: old.count * 2)
        for entry in old where entry.place >= 0 { put(entry) }
    }
}
