@testable import LiveSync

extension RowStore {
    /// Sets one field as a topic without windows does.
    ///
    /// - Returns: whether it was another value.
    mutating func set(_ slot: Int, _ column: Int, _ value: FieldValue, revision: Int) -> Bool {
        let names = Array(repeating: 0, count: columnCount)
        var writer = RowWriter(self, nil, nameBytes: names, limit: .max)
        writer.open(slot, revision: revision, isNew: false)
        writer.set(column, value)
        self = writer.rows
        return writer.close().columns != 0
    }
}
