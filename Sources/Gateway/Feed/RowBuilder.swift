internal import Fleet
internal import LiveSync

/// Collects the fields of a row in the order of its topic's columns.
///
/// The order is checked once per topic by a test, so that no name is looked up per row.
struct RowBuilder: RowSink {
    private(set) var updates: [FieldUpdate] = []

    init(capacity: Int) {
        updates.reserveCapacity(capacity)
    }

    mutating func add(_ text: String?) { add(FieldValue(text)) }
    mutating func add(_ number: Int?) { add(FieldValue(number)) }
    mutating func add(_ flag: Bool?) { add(FieldValue(flag)) }

    mutating func add(exactly number: Double?) { add(FieldValue(number)) }

    /// Adds a ratio or rate, rounded to `digits` digits after the point.
    mutating func add(_ number: Double?, digits: Int) {
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        add(FieldValue(number.map { ($0 * scale).rounded() / scale }))
    }

    /// Adds three fields: what half, 95 % and 99 % took at most.
    mutating func add(_ quantiles: LatencyQuantiles?) {
        add(quantiles?.p50)
        add(quantiles?.p95)
        add(quantiles?.p99)
    }

    mutating func add(_ texts: [String]?) { add(texts.map { .list(listText($0)) } ?? .absent) }
    mutating func add(_ numbers: [Int]?) {
        add(numbers.map { .list(listText($0)) } ?? .absent)
    }

    mutating func add(_ value: FieldValue) {
        updates.append(FieldUpdate(updates.count + 1, value))
    }

    /// Leaves out the next `count` columns: their rows have no such field.
    mutating func skip(_ count: Int) {
        for _ in 0..<count { add(FieldValue.absent) }
    }
}
