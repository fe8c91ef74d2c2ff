/// Collects the clauses of a filter and refuses what the language does not have (R21).
struct FilterBuilder {
    let schema: TopicSchema
    let projection: Projection
    let limits: SyncLimits
    /// Values by column, sorted, each once.
    private(set) var clauses: [Int: [FieldValue]] = [:]
    private(set) var span: Filter.Span?
    private var count = 0

    init(schema: TopicSchema, projection: Projection, limits: SyncLimits) {
        self.schema = schema
        self.projection = projection
        self.limits = limits
    }

    mutating func add(_ expression: FilterExpression, depth: Int) throws(SyncError) {
        count += 1
        guard count <= limits.filterClauses, depth <= 2 else {
            throw SyncError(.badFilter, "more than \(limits.filterClauses) clauses, or too deep")
        }
        switch expression {
        case .and(let parts):
            for part in parts {
                try add(part, depth: depth + 1)
            }
        case .eq(let name, let value):
            try add(values: [value], to: column(name, among: schema.filterColumns))
        case .isIn(let name, let values):
            try add(values: values, to: column(name, among: schema.filterColumns))
        case .range(let name, let lower, let upper):
            let column = try column(name, among: schema.sortColumns)
            try set(Filter.Span(column: column, lower: lower, upper: upper, prefix: nil))
        case .prefix(let name, let text):
            let column = try column(name, among: schema.sortColumns)
            try check([.text(text)])
            try set(Filter.Span(column: column, lower: .absent, upper: .absent, prefix: text))
        case .or, .not, .contains:
            throw SyncError(.badFilter, "or, not and contains are for query, which asks once")
        }
    }

    private func column(_ name: String, among allowed: [Int]) throws(SyncError) -> Int {
        guard let column = schema.column(name), allowed.contains(column),
            projection.allowsFilter(on: column)
        else {
            throw SyncError(
                .badFilter,
                "\(schema.name) cannot be filtered by \(name.prefix(64)) in this way; possible are "
                    + schema.names(allowed, projection))
        }
        return column
    }

    private mutating func add(values: [FieldValue], to column: Int) throws(SyncError) {
        try check(values)
        // Numbers by value: 3 and 3.0 are one value.
        let normal = values.map { value -> FieldValue in
            if case .double(let number) = value, let whole = Int(exactly: number) {
                return .int(whole)
            }
            return value
        }
        var sorted = Array(Set(normal)).sorted { FieldValue.ordered($0, $1) < 0 }
        if let earlier = clauses[column] {
            sorted = sorted.filter { earlier.contains($0) }
        }
        clauses[column] = sorted
    }

    private mutating func set(_ span: Filter.Span) throws(SyncError) {
        guard self.span == nil else {
            throw SyncError(.badFilter, "more than one range or prefix")
        }
        try check([span.lower, span.upper])
        self.span = span
    }

    private func check(_ values: [FieldValue]) throws(SyncError) {
        try Self.check(values, limits)
    }

    /// Checks values against the bounds that every filter has.
    static func check(_ values: [FieldValue], _ limits: SyncLimits) throws(SyncError) {
        guard values.count <= limits.filterValues else {
            throw SyncError(.badFilter, "more than \(limits.filterValues) values")
        }
        for value in values {
            switch value {
            case .text(let text) where text.utf8.count > limits.filterValueBytes:
                throw SyncError(.badFilter, "a value of more than \(limits.filterValueBytes) bytes")
            case .list: throw SyncError(.badFilter, "a value that is an array")
            default: continue
            }
        }
    }
}
