/// Rows with equal values in all filter columns form a group: a filter is asked once per group, not once
/// per row, and exact totals are sums of group sizes (R24).
struct GroupTable {
    /// One group.
    struct Group {
        let values: [FieldValue]
        var count: Int
    }

    let columns: [Int]
    private(set) var groups: [Group] = []
    private var numbers: [[FieldValue]: Int32] = [:]
    /// Groups that have rows.
    private(set) var live = 0
    /// Changes when numbers change their meaning.
    private(set) var generation = 0

    init(columns: [Int]) {
        self.columns = columns
    }

    /// Moves a row, or takes it in, or out.
    mutating func move(from old: Int32, to new: Int32) {
        if old >= 0 {
            groups[Int(old)].count -= 1
            if groups[Int(old)].count == 0 { live -= 1 }
        }
        if new >= 0 {
            groups[Int(new)].count += 1
            if groups[Int(new)].count == 1 { live += 1 }
        }
    }

    /// The group of a row's present values, made if it is the first of its kind.
    mutating func number(of slot: Int, in rows: RowStore) -> Int32 {
        let values = columns.map { rows.value(slot, $0) }
        if let number = numbers[values] { return number }
        let number = Int32(groups.count)
        groups.append(Group(values: values, count: 0))
        numbers[values] = number
        return number
    }

    /// True if most groups are empty.
    var wantsCompaction: Bool { groups.count > 2 * live + 1_024 }

    /// Forgets empty groups and renumbers the others.
    mutating func compact(_ rows: inout RowStore) {
        var renumbered = [Int32](repeating: -1, count: groups.count)
        var kept: [Group] = []
        numbers = [:]
        for (number, group) in groups.enumerated() where group.count > 0 {
            renumbered[number] = Int32(kept.count)
            numbers[group.values] = Int32(kept.count)
            kept.append(group)
        }
        groups = kept
        for slot in rows.metas.indices where rows.metas[slot].group >= 0 {
            rows.setGroup(slot, renumbered[Int(rows.metas[slot].group)])
        }
        generation += 1
    }

    /// True if a group's rows match the clauses of a filter.
    func matches(_ group: Int, _ filter: Filter) -> Bool {
        filter.matchesClauses { column in
            columns.firstIndex(of: column).map { groups[group].values[$0] } ?? .absent
        }
    }
}
