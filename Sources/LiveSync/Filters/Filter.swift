/// A checked filter in its one normal form (R21): two filters that mean the same are equal.
package struct Filter: Sendable, Hashable {
    /// One field must be one of some values.
    struct Clause: Sendable, Hashable {
        let column: Int
        /// Sorted, each once, never empty unless nothing can match.
        let values: [FieldValue]
    }

    /// At most one range or prefix, on a sort column.
    struct Span: Sendable, Hashable {
        let column: Int
        /// Inclusive; ``FieldValue/absent`` means open.
        let lower: FieldValue
        /// Exclusive; ``FieldValue/absent`` means open.
        let upper: FieldValue
        /// For texts; excludes bounds.
        let prefix: String?

        func contains(_ value: FieldValue) -> Bool {
            if let prefix {
                guard case .text(let text) = value else { return false }
                return text.utf8.starts(with: prefix.utf8)
            }
            if value.isAbsent { return false }
            if !lower.isAbsent, FieldValue.ordered(value, lower) < 0 { return false }
            return upper.isAbsent || FieldValue.ordered(value, upper) < 0
        }
    }

    /// By column; every column at most once.
    let clauses: [Clause]
    /// The range or prefix.
    let span: Span?
    /// Columns the filter looks at: a change of one of them may move a row in or out (R17).
    let columns: UInt64

    /// Matches every row.
    package static let everything = Filter(clauses: [], span: nil)

    /// True if every row matches.
    package var isEverything: Bool { clauses.isEmpty && span == nil }

    private init(clauses: [Clause], span: Span?) {
        self.clauses = clauses
        self.span = span
        var columns: UInt64 = 0
        for clause in clauses {
            columns |= 1 << UInt64(clause.column)
        }
        if let span {
            columns |= 1 << UInt64(span.column)
        }
        self.columns = columns
    }

    /// Checks and normalizes what a client wrote.
    ///
    /// - Throws: ``SyncError/Code/badFilter`` with the reason.
    package init(
        _ expression: FilterExpression?, schema: TopicSchema, projection: Projection = .everything,
        limits: SyncLimits = SyncLimits()
    ) throws(SyncError) {
        guard let expression else {
            self = .everything
            return
        }
        var builder = FilterBuilder(schema: schema, projection: projection, limits: limits)
        try builder.add(expression, depth: 0)
        let clauses = builder.clauses.sorted { $0.key < $1.key }
        self.init(
            clauses: clauses.map { Clause(column: $0.key, values: $0.value) }, span: builder.span)
    }

    /// True if a row with these values matches; `value` gives a column's value.
    @inline(__always)
    func matches(_ value: (Int) -> FieldValue) -> Bool {
        matchesClauses(value) && (span.map { $0.contains(value($0.column)) } ?? true)
    }

    /// The same without the range or prefix.
    func matchesClauses(_ value: (Int) -> FieldValue) -> Bool {
        clauses.allSatisfy { clause in
            let field = value(clause.column)
            return clause.values.contains { field.matches($0) }
        }
    }
}
