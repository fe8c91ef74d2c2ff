@testable import LiveSync
@testable import WireFormats

private let schema = TopicSchema(
    name: "rows", kind: .windows, fields: ["state", "queue", "seen", "note", "args"],
    filters: ["id", "state", "queue", "seen", "note", "args"], sorts: ["seen", "state", "note"])

/// Values of every kind, and those that are nearly each other.
private let values: [FieldValue] = [
    .absent, .bool(false), .bool(true), .int(0), .int(3), .double(3), .double(3.5), .int(-1),
    .int(1 << 53), .double(9_007_199_254_740_992), .text(""), .text("a"), .text("A"), .text("ab"),
    .text("\u{E9}"), .text("e\u{301}"), .text("STARTED"), .list("[]"), .list("[\"a\"]"),
]

/// The indexed filter and the query's, which are made separately, choose the same rows; and a filter has
/// one normal form, whatever is said twice.
func fuzzFilter(_ bytes: [UInt8]) throws(Violation) {
    guard let json = try? JsonReader.parse(bytes, limits: .client),
        let expression = try? ClientFrame.filter(json)
    else { return }
    let limits = SyncLimits()
    let query = try? QueryFilter(
        expression, schema: schema, projection: .everything, limits: limits)
    guard let filter = try? Filter(expression, schema: schema, limits: limits) else { return }
    let twice = try? Filter(.and([expression]), schema: schema, limits: limits)
    try expect(twice == nil || twice == filter, "a filter in a lone and is another filter")
    guard let query else { return }
    for (place, value) in values.enumerated() {
        let row = { (column: Int) in
            column == 0 ? FieldValue.text("id") : values[(place + column - 1) % values.count]
        }
        try expect(
            filter.matches(row) == query.matches(row),
            "a filter and a query disagree on the row that begins with \(value)")
    }
}
