/// Which rows of a topic somebody may know of, by one column. Unlike a filter it is not the client's to
/// choose: it is part of a ``Projection``, and holds for rows, counts, places and what queries look at.
package struct RowRule: Sendable, Hashable {
    let column: Int
    let patterns: [Glob]
    let exceptions: [Glob]
    let showsAbsent: Bool

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - field: name of the column.
    ///   - patterns: a row is shown if one of them matches the column's text; with none, no row is.
    ///   - except: those that match one of these are not shown all the same.
    ///   - showsAbsent: whether rows without that field are shown.
    package init(
        _ schema: TopicSchema, _ field: String, _ patterns: [Glob], except exceptions: [Glob] = [],
        showsAbsent: Bool = false
    ) {
        guard let column = schema.column(field) else {
            preconditionFailure("\(schema.name): no column \(field) for a rule")
        }
        self.column = column
        self.patterns = patterns
        self.exceptions = exceptions
        self.showsAbsent = showsAbsent
    }

    /// True if a row with this value is shown.
    func shows(_ value: FieldValue) -> Bool {
        switch value {
        case .absent: showsAbsent
        case .text(let text):
            patterns.contains { $0.matches(text) } && !exceptions.contains { $0.matches(text) }
        case .bool, .int, .double, .list: false
        }
    }
}
