/// A checked filter in its one normal form (R21): two filters that mean the same are equal.
package struct Filter: Sendable, Hashable {
    /// One field must be one of some values.
    struct Clause: Sendable, Hashable {
        let column: Int
        /// Sorted, each once, never empty unless nothing can match.
        let values: [FieldValue]

        func matches(_ value: FieldValue) -> Bool { values.contains { value.matches($0) } }
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
    /// What its asker may know of; see ``narrowed(to:)``.
    let rules: [RowRule]
    /// Columns the filter looks at: a change of one of them may move a row in or out (R17).
    let columns: UInt64

    /// Matches every row.
    package static let everything = Filter(clauses: [], span: nil, rules: [])

    /// True if every row matches.
    package var isEverything: Bool { clauses.isEmpty && span == nil && rules.isEmpty }

    private init(clauses: [Clause], span: Span?, rules: [RowRule]) {
        self.clauses = clauses
        self.span = span
        self.rules = rules
        var columns: UInt64 = 0
        for clause in clauses {
            columns |= 1 << UInt64(clause.column)
        }
        if let span {
            columns |= 1 << UInt64(span.column)
        }
        for rule in rules {
            columns |= 1 << UInt64(rule.column)
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
            clauses: clauses.map { Clause(column: $0.key, values: $0.value) }, span: builder.span,
            rules: [])
    }

    /// The same filter for somebody who may know of some rows only. A row that becomes one of them, or is
    /// one no more, enters or leaves as it does by a filter (R17).
    func narrowed(to projection: Projection) -> Filter {
        guard !projection.rules.isEmpty else { return self }
        return Filter(clauses: clauses, span: span, rules: projection.rules)
    }

    /// True if a row with these values matches; `value` gives a column's value.
    @inline(__always)
    func matches(_ value: (Int) -> FieldValue) -> Bool {
        matchesClauses(value) && (span.map { $0.contains(value($0.column)) } ?? true)
    }

    /// The same without the range or prefix.
    func matchesClauses(_ value: (Int) -> FieldValue) -> Bool {
        clauses.allSatisfy { $0.matches(value($0.column)) }
            && rules.allSatisfy { $0.shows(value) }
    }
}
