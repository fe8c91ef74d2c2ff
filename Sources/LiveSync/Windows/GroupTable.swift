/// Rows with equal values in all filter columns form a group: exact totals are sums of group sizes (R24),
/// and a filter asks about a group's values, not about each row's.
///
/// The values of each column are numbered, so that a group is a few small numbers and a filter a few
/// tables; see ``GroupMatcher``.
struct GroupTable {
    let columns: [Int]
    /// The different values of each filter column, by number.
    private(set) var values: [[FieldValue]]
    /// Numbers of the values of all groups, `columns.count` for each.
    private(set) var parts: [Int32] = []
    /// Rows of each group.
    private(set) var counts: [Int] = []
    private var valueNumbers: [[FieldValue: Int32]]
    /// Numbers of values by the number of their symbol, -1 where none is known; for each filter column.
    private var symbolNumbers: [[Int32]]
    private var numbers: [GroupKey: Int32] = [:]
    /// The columns as a mask.
    let mask: UInt64
    /// Groups that have rows.
    private(set) var live = 0
    /// Changes when numbers change their meaning.
    private(set) var generation = 0

    init(columns: [Int]) {
        precondition(columns.count <= GroupKey.capacity, "too many filter columns for windows")
        self.columns = columns
        mask = columns.reduce(0) { $0 | 1 << UInt64($1) }
        symbolNumbers = Array(repeating: [], count: columns.count)
        values = Array(repeating: [], count: columns.count)
        valueNumbers = Array(repeating: [:], count: columns.count)
    }

    /// Groups, empty ones included.
    var count: Int { counts.count }

    /// Moves a row, or takes it in, or out.
    mutating func move(from old: Int32, to new: Int32) {
        if old >= 0 {
            counts[Int(old)] -= 1
            if counts[Int(old)] == 0 { live -= 1 }
        }
        if new >= 0 {
            counts[Int(new)] += 1
            if counts[Int(new)] == 1 { live += 1 }
        }
    }

    /// The group of a row's present values, made if it is the first of its kind.
    mutating func number(of slot: Int, in rows: RowStore) -> Int32 {
        var key = GroupKey()
        for (place, column) in columns.enumerated() {
            key.append(valueNumber(of: slot, column, at: place, in: rows))
        }
        return number(of: key)
    }

    private mutating func number(of fields: [FieldValue]) -> Int32 {
        var key = GroupKey()
        for (place, value) in fields.enumerated() { key.append(number(of: value, at: place)) }
        return number(of: key)
    }

    private mutating func number(of key: GroupKey) -> Int32 {
        if let number = numbers[key] { return number }
        let number = Int32(counts.count)
        counts.append(0)
        for place in columns.indices { parts.append(key[place]) }
        numbers[key] = number
        return number
    }

    /// The number of a row's value. That of a symbol is remembered by the symbol, which may mean another
    /// text by now: so it is compared, which is cheap, instead of hashed.
    private mutating func valueNumber(
        of slot: Int, _ column: Int, at place: Int, in rows: RowStore
    ) -> Int32 {
        guard let symbol = rows.symbol(slot, column) else {
            return number(of: rows.value(slot, column), at: place)
        }
        let index = Int(symbol)
        if index < symbolNumbers[place].count {
            let known = Int(symbolNumbers[place][index])
            if known >= 0, case .text(let text) = values[place][known],
                text == rows.symbols[symbol]
            {
                return Int32(known)
            }
        }
        let number = number(of: .text(rows.symbols[symbol]), at: place)
        while symbolNumbers[place].count <= index { symbolNumbers[place].append(-1) }
        symbolNumbers[place][index] = number
        return number
    }

    private mutating func number(of value: FieldValue, at place: Int) -> Int32 {
        if let number = valueNumbers[place][value] { return number }
        let number = Int32(values[place].count)
        values[place].append(value)
        valueNumbers[place][value] = number
        return number
    }

    /// True if most groups are empty.
    var wantsCompaction: Bool { counts.count > 2 * live + 1_024 }

    /// Forgets empty groups and values that no group has, and renumbers the others.
    mutating func compact(_ rows: inout RowStore) {
        let old = self
        var renumbered = [Int32](repeating: -1, count: old.counts.count)
        self = GroupTable(columns: columns)
        for (group, count) in old.counts.enumerated() where count > 0 {
            let fields = columns.indices.map { place in
                old.values[place][Int(old.parts[group * columns.count + place])]
            }
            renumbered[group] = number(of: fields)
            counts[Int(renumbered[group])] = count
        }
        for slot in rows.metas.indices where rows.metas[slot].group >= 0 {
            rows.setGroup(slot, renumbered[Int(rows.metas[slot].group)])
        }
        live = old.live
        generation = old.generation + 1
    }
}
