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
    private var numbers: [[Int32]: Int32] = [:]
    /// Groups that have rows.
    private(set) var live = 0
    /// Changes when numbers change their meaning.
    private(set) var generation = 0

    init(columns: [Int]) {
        self.columns = columns
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
        number(of: columns.map { rows.value(slot, $0) })
    }

    private mutating func number(of fields: [FieldValue]) -> Int32 {
        var part: [Int32] = []
        part.reserveCapacity(fields.count)
        for (place, value) in fields.enumerated() {
            if let number = valueNumbers[place][value] {
                part.append(number)
            } else {
                let number = Int32(values[place].count)
                values[place].append(value)
                valueNumbers[place][value] = number
                part.append(number)
            }
        }
        if let number = numbers[part] { return number }
        let number = Int32(counts.count)
        counts.append(0)
        parts += part
        numbers[part] = number
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
