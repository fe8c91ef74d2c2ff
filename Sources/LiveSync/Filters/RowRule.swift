/// Which rows of a topic somebody may know of, by one column. Unlike a filter it is not the client's to
/// choose: it is part of a ``Projection``, and holds for rows, counts, places and what queries look at.
package struct RowRule: Sendable, Hashable {
    let column: Int
    let patterns: [Glob]
    let exceptions: [Glob]
    /// Which rows it judges, by their ids, and in which column these stand; `nil` if all.
    let kinds: Kinds?

    struct Kinds: Sendable, Hashable {
        let column: Int
        let ids: [Glob]
    }

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - field: name of the column.
    ///   - patterns: a row is shown if one of them matches the column's text; with none, no row is. What is
    ///     absent matches none.
    ///   - except: those that match one of these are not shown all the same.
    ///   - kinds: ids of the rows that it judges; it leaves the others alone. Not for topics of windows,
    ///     whose groups know no ids.
    package init(
        _ schema: TopicSchema, _ field: String, _ patterns: [Glob], except exceptions: [Glob] = [],
        among kinds: [Glob]? = nil
    ) {
        precondition(
            kinds == nil || schema.kind == .whole, "\(schema.name): a rule of windows by ids")
        guard let column = schema.column(field) else {
            preconditionFailure("\(schema.name): no column \(field) for a rule")
        }
        self.column = column
        self.patterns = patterns
        self.exceptions = exceptions
        self.kinds = kinds.flatMap { ids in schema.column("id").map { Kinds(column: $0, ids: ids) }
        }
    }

    /// True if a row with these values is shown; `value` gives a column's value.
    @inline(__always)
    func shows(_ value: (Int) -> FieldValue) -> Bool {
        guard let kinds else { return shows(value(column)) }
        guard case .text(let id) = value(kinds.column),
            kinds.ids.contains(where: { $0.matches(id) })
        else { return true }
        return shows(value(column))
    }

    /// True if a row that it judges is shown, with this value in its column.
    func shows(_ value: FieldValue) -> Bool {
        switch value {
        case .absent: false
        case .text(let text):
            patterns.contains { $0.matches(text) } && !exceptions.contains { $0.matches(text) }
        case .bool, .int, .double, .list: false
        }
    }
}
