/// The rows of a topic in the order of one column, ascending, equal keys by handle (R23).
///
/// A list of sorted chunks of at most 512 slots: finding a place is two binary searches, inserting moves
/// at most 2 kB, and a rank adds up the sizes of the chunks before it. Keys are not kept; they are read
/// from the rows, so a row is taken out *before* its key changes.
struct OrderIndex {
    /// Place of an entry; the end is `(chunks.count, 0)`.
    struct Position: Equatable {
        var chunk: Int
        var offset: Int
    }

    static let chunkLimit = 512

    let column: Int
    private(set) var count = 0
    private var chunks: [[Int32]] = []

    init(column: Int) {
        self.column = column
    }

    /// Makes the order of all rows at once.
    ///
    /// Sorting reads each key once and sorts plain numbers: the keys themselves if all are numbers or
    /// absent, else their ranks among the different keys.
    init(column: Int, rows: RowStore) {
        self.init(column: column)
        let slots = rows.metas.indices.filter { rows.metas[$0].handle != 0 }
        var order = slots.indices.map { Int32($0) }
        RadixSort.sort(&order, by: slots.map { UInt64(rows.metas[$0].handle) })
        RadixSort.sort(&order, by: Self.numbers(slots, column, rows))
        count = order.count
        let size = Self.chunkLimit * 7 / 8
        chunks = stride(from: 0, to: order.count, by: size).map { start in
            order[start..<min(start + size, order.count)].map { Int32(slots[Int($0)]) }
        }
    }

    /// The keys of rows as numbers in the same order.
    private static func numbers(_ slots: [Int], _ column: Int, _ rows: RowStore) -> [UInt64] {
        var numbers: [UInt64] = []
        numbers.reserveCapacity(slots.count)
        for slot in slots {
            guard let number = number(rows.value(slot, column)) else {
                return ranks(slots, column, rows)
            }
            numbers.append(RadixSort.key(number))
        }
        return numbers
    }

    /// The ranks of rows' keys among the different ones.
    private static func ranks(_ slots: [Int], _ column: Int, _ rows: RowStore) -> [UInt64] {
        var different: [FieldValue] = []
        var numbers: [FieldValue: Int] = [:]
        let numbered = slots.map { slot in
            let key = rows.value(slot, column)
            if let number = numbers[key] { return number }
            numbers[key] = different.count
            different.append(key)
            return different.count - 1
        }
        let sorted = different.indices.sorted {
            FieldValue.ordered(different[$0], different[$1]) < 0
        }
        var ranks = [UInt64](repeating: 0, count: different.count)
        for (rank, number) in sorted.enumerated() where rank > 0 {
            // Two kinds of number may be equal; then the handle decides.
            let isNew = FieldValue.ordered(different[sorted[rank - 1]], different[number]) != 0
            ranks[number] = isNew ? UInt64(rank) : ranks[sorted[rank - 1]]
        }
        return numbered.map { ranks[$0] }
    }

    /// A number or an absent key as a number in the same order, `nil` for other kinds.
    private static func number(_ key: FieldValue) -> Double? {
        switch key {
        case .absent: -.infinity
        case .int(let number): Double(number)
        case .double(let number): number
        case .bool, .text, .list: nil
        }
    }

    /// The place of a row in this order.
    func bound(of slot: Int, in rows: RowStore) -> SortBound {
        SortBound(key: rows.value(slot, column), handle: rows.metas[slot].handle)
    }

    /// Position after the last entry.
    var end: Position { Position(chunk: chunks.count, offset: 0) }

    /// The first entry that does not come before a place.
    func firstNotBefore(_ bound: SortBound, in rows: RowStore) -> Position {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            guard let last = chunks[middle].last else { break }
            if self.bound(of: Int(last), in: rows).ordered(before: bound) < 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < chunks.count else { return end }
        let chunk = low
        low = 0
        high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            if self.bound(of: Int(chunks[chunk][middle]), in: rows).ordered(before: bound) < 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return Position(chunk: chunk, offset: low)
    }

    /// The first entry whose key does not come before a key, whatever its handle.
    func firstNotBefore(key: FieldValue, in rows: RowStore) -> Position {
        firstNotBefore(SortBound(key: key, handle: Int.min), in: rows)
    }

    /// Number of entries before a position.
    func rank(_ position: Position) -> Int {
        var rank = position.offset
        for chunk in chunks[..<position.chunk] {
            rank += chunk.count
        }
        return rank
    }

    /// The slot at a position, `nil` at the end.
    func slot(at position: Position) -> Int? {
        position.chunk < chunks.count ? Int(chunks[position.chunk][position.offset]) : nil
    }

    /// The position after; the end stays the end.
    func after(_ position: Position) -> Position {
        guard position.chunk < chunks.count else { return position }
        if position.offset + 1 < chunks[position.chunk].count {
            return Position(chunk: position.chunk, offset: position.offset + 1)
        }
        return Position(chunk: position.chunk + 1, offset: 0)
    }

    /// The position before, `nil` at the start.
    func before(_ position: Position) -> Position? {
        if position.offset > 0 {
            return Position(chunk: position.chunk, offset: position.offset - 1)
        }
        guard position.chunk > 0 else { return nil }
        return Position(chunk: position.chunk - 1, offset: chunks[position.chunk - 1].count - 1)
    }

    /// Pieces that the order is kept in.
    var chunkCount: Int { chunks.count }

    /// Takes a row in.
    mutating func insert(_ slot: Int, in rows: RowStore) {
        count += 1
        guard !chunks.isEmpty else {
            chunks = [[Int32(slot)]]
            return
        }
        let bound = bound(of: slot, in: rows)
        let last = chunks.count - 1
        var position = Position(chunk: last, offset: chunks[last].count)
        // New rows mostly come last: then nothing is searched.
        if self.bound(of: Int(chunks[last][position.offset - 1]), in: rows).ordered(before: bound)
            >= 0
        {
            position = firstNotBefore(bound, in: rows)
        }
        chunks[position.chunk].insert(Int32(slot), at: position.offset)
        guard chunks[position.chunk].count > Self.chunkLimit else { return }
        // New rows mostly come last: splitting there unevenly keeps the chunks before it full.
        let isLast = position.chunk == chunks.count - 1
        let cut = isLast ? Self.chunkLimit * 7 / 8 : Self.chunkLimit / 2
        let rest = Array(chunks[position.chunk][cut...])
        chunks[position.chunk].removeSubrange(cut...)
        chunks.insert(rest, at: position.chunk + 1)
    }

    /// Takes a row out. Its key must still be the one it was taken in with.
    mutating func remove(_ slot: Int, in rows: RowStore) {
        // Old rows mostly leave first.
        let isFirst = chunks.first?.first == Int32(slot)
        let position =
            isFirst
            ? Position(chunk: 0, offset: 0)
            : firstNotBefore(bound(of: slot, in: rows), in: rows)
        guard self.slot(at: position) == slot else {
            assertionFailure("the order of column \(column) lost slot \(slot)")
            return
        }
        count -= 1
        chunks[position.chunk].remove(at: position.offset)
        if chunks[position.chunk].isEmpty {
            chunks.remove(at: position.chunk)
            join(position.chunk - 1)
        } else if chunks[position.chunk].count < Self.chunkLimit / 4 {
            // With the one before, too: rows that stay while all around them leave would each keep a
            // chunk for themselves.
            if !join(position.chunk) { join(position.chunk - 1) }
        }
    }

    /// Makes one chunk of a chunk and the next, if both are small.
    ///
    /// - Returns: whether it did.
    @discardableResult
    private mutating func join(_ chunk: Int) -> Bool {
        guard chunk >= 0, chunk + 1 < chunks.count,
            chunks[chunk].count + chunks[chunk + 1].count <= Self.chunkLimit / 2
        else { return false }
        let next = chunks.remove(at: chunk + 1)
        chunks[chunk].append(contentsOf: next)
        return true
    }
}
