/// A checked filter of the language that one-shot queries speak (R27): whatever a row can be asked,
/// without an index.
indirect enum QueryFilter: Sendable, Equatable {
    case all([QueryFilter])
    case any([QueryFilter])
    case not(QueryFilter)
    /// The column has one of these values.
    case isIn(column: Int, [FieldValue])
    case span(Filter.Span)
    /// One of the columns is a text or an array that holds these bytes; ASCII letters of either case
    /// are one. The bytes are in lower case.
    case contains(columns: [Int], [UInt8])

    /// True if a row with these values matches; `value` gives a column's value.
    func matches(_ value: (Int) -> FieldValue) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(value) }
        case .any(let parts): parts.contains { $0.matches(value) }
        case .not(let part): !part.matches(value)
        case .isIn(let column, let values):
            values.contains { [field = value(column)] in field.matches($0) }
        case .span(let span): span.contains(value(span.column))
        case .contains(let columns, let needle):
            columns.contains { Self.text(value($0), holds: needle) }
        }
    }

    private static func text(_ value: FieldValue, holds needle: [UInt8]) -> Bool {
        switch value {
        case .text(let text), .list(let text): TextSearch.finds(needle, in: text)
        case .absent, .bool, .int, .double: false
        }
    }
}

extension QueryFilter {
    /// Checks what a client wrote.
    ///
    /// - Throws: ``SyncError/Code/badFilter`` with the reason.
    init(
        _ expression: FilterExpression, schema: TopicSchema, projection: Projection,
        limits: SyncLimits
    ) throws(SyncError) {
        var builder = QueryFilterBuilder(schema: schema, projection: projection, limits: limits)
        self = try builder.build(expression, depth: 1)
    }
}

private struct QueryFilterBuilder {
    let schema: TopicSchema
    let projection: Projection
    let limits: SyncLimits
    private var count = 0

    init(schema: TopicSchema, projection: Projection, limits: SyncLimits) {
        self.schema = schema
        self.projection = projection
        self.limits = limits
    }

    mutating func build(_ expression: FilterExpression, depth: Int) throws(SyncError) -> QueryFilter
    {
        count += 1
        guard count <= limits.queryClauses else {
            throw SyncError(.badFilter, "more than \(limits.queryClauses) clauses")
        }
        guard depth <= limits.queryDepth else {
            throw SyncError(.badFilter, "clauses are nested more than \(limits.queryDepth) deep")
        }
        switch expression {
        case .and(let parts): return .all(try build(parts, depth))
        case .or(let parts): return .any(try build(parts, depth))
        case .not(let part): return .not(try build(part, depth: depth + 1))
        case .eq(let name, let value): return try isIn(name, [value])
        case .isIn(let name, let values): return try isIn(name, values)
        case .range(let name, let lower, let upper):
            try check([lower, upper])
            return .span(
                Filter.Span(column: try column(name), lower: lower, upper: upper, prefix: nil))
        case .prefix(let name, let text):
            try check([.text(text)])
            return .span(
                Filter.Span(column: try column(name), lower: .absent, upper: .absent, prefix: text))
        case .contains(let name, let text):
            try check([.text(text)])
            guard !text.isEmpty else {
                throw SyncError(.badFilter, "contains takes a text that is not empty")
            }
            let columns =
                name == FilterExpression.anyField
                ? schema.columns.indices.filter { projection.allowsFilter(on: $0) }
                : [try column(name)]
            return .contains(columns: columns, text.utf8.map(TextSearch.lower))
        }
    }

    private mutating func build(
        _ parts: [FilterExpression], _ depth: Int
    ) throws(SyncError) -> [QueryFilter] {
        var built: [QueryFilter] = []
        for part in parts { built.append(try build(part, depth: depth + 1)) }
        return built
    }

    private func isIn(_ name: String, _ values: [FieldValue]) throws(SyncError) -> QueryFilter {
        try check(values)
        return .isIn(column: try column(name), values)
    }

    /// Any column that the role sees as it is: what it must not see it must not find out by asking.
    private func column(_ name: String) throws(SyncError) -> Int {
        guard let column = schema.column(name), projection.allowsFilter(on: column) else {
            throw SyncError(
                .badFilter,
                "\(schema.name) has no field \(name.prefix(64)) for this role; there are "
                    + schema.names(Array(schema.columns.indices), projection))
        }
        return column
    }

    private func check(_ values: [FieldValue]) throws(SyncError) {
        try FilterBuilder.check(values, limits)
    }
}
