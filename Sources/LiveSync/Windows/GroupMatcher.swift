/// Whether rows of a group match a filter's clauses and rules: for each of them, a table of its column's values.
///
/// A value is asked about once; a group costs one look-up for each clause.
struct GroupMatcher {
    private struct Condition {
        /// Place of its column among the filter columns.
        let place: Int
        let holds: @Sendable (FieldValue) -> Bool
        /// By number of the value.
        var isAllowed: [Bool] = []
    }

    private var conditions: [Condition]
    /// Filter columns of a group.
    private let width: Int
    /// False if a condition asks for a column that groups do not have; no filter can say so.
    private let isPossible: Bool

    init(_ filter: Filter, columns: [Int]) {
        conditions =
            filter.clauses.compactMap { clause in
                columns.firstIndex(of: clause.column).map {
                    Condition(place: $0, holds: clause.matches)
                }
            }
            + filter.rules.compactMap { rule in
                columns.firstIndex(of: rule.column).map {
                    Condition(place: $0, holds: rule.shows)
                }
            }
        width = columns.count
        isPossible = conditions.count == filter.clauses.count + filter.rules.count
    }

    /// Asks about values that are new since the last time.
    mutating func learn(_ groups: GroupTable) {
        for index in conditions.indices {
            let values = groups.values[conditions[index].place]
            for number in conditions[index].isAllowed.count..<values.count {
                conditions[index].isAllowed.append(conditions[index].holds(values[number]))
            }
        }
    }

    /// Forgets what it learned: numbers have another meaning now.
    mutating func forget() {
        for index in conditions.indices { conditions[index].isAllowed.removeAll() }
    }

    /// True if a group's rows match.
    ///
    /// - Parameter parts: of the table that was learned.
    @inline(__always)
    func matches(_ group: Int32, _ parts: [Int32]) -> Bool {
        guard isPossible else { return false }
        for condition in conditions
        where !condition.isAllowed[Int(parts[Int(group) * width + condition.place])] {
            return false
        }
        return true
    }
}
