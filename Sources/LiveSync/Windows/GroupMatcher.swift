/// Whether rows of a group match a filter's clauses: for each clause, a table of its column's values.
///
/// A value is asked about once; a group costs one look-up for each clause.
struct GroupMatcher {
    private struct Clause {
        /// Place of its column among the filter columns.
        let place: Int
        let clause: Filter.Clause
        /// By number of the value.
        var isAllowed: [Bool] = []
    }

    private var clauses: [Clause]
    /// Filter columns of a group.
    private let width: Int
    /// False if a clause asks for a column that groups do not have; no filter can say so.
    private let isPossible: Bool

    init(_ filter: Filter, columns: [Int]) {
        clauses = filter.clauses.compactMap { clause in
            columns.firstIndex(of: clause.column).map { Clause(place: $0, clause: clause) }
        }
        width = columns.count
        isPossible = clauses.count == filter.clauses.count
    }

    /// Asks about values that are new since the last time.
    mutating func learn(_ groups: GroupTable) {
        for index in clauses.indices {
            let values = groups.values[clauses[index].place]
            for number in clauses[index].isAllowed.count..<values.count {
                let isAllowed = clauses[index].clause.values.contains {
                    values[number].matches($0)
                }
                clauses[index].isAllowed.append(isAllowed)
            }
        }
    }

    /// Forgets what it learned: numbers have another meaning now.
    mutating func forget() {
        for index in clauses.indices { clauses[index].isAllowed.removeAll() }
    }

    /// True if a group's rows match.
    ///
    /// - Parameter parts: of the table that was learned.
    @inline(__always)
    func matches(_ group: Int32, _ parts: [Int32]) -> Bool {
        guard isPossible else { return false }
        for clause in clauses
        where !clause.isAllowed[Int(parts[Int(group) * width + clause.place])] {
            return false
        }
        return true
    }
}
