/// Holds the rows of a topic, and writes the fields of one of them at a time: column after column, without
/// a list of them in between.
///
/// Equal values change nothing. A value that would push its row beyond a frame becomes absent. A row is
/// taken out of the orders whose key changes just before it does, because they read their keys in the rows.
package struct RowWriter {
    /// What became of a row's fields.
    struct Outcome {
        /// Columns that changed, as a mask.
        var columns: UInt64 = 0
        /// Fields that were refused for their size.
        var refused = 0
        /// Orders that the row was taken out of, as a mask.
        var taken: UInt64 = 0
    }

    var rows: RowStore
    private let tables: WindowTables?
    /// Bytes that each column's name takes in a patch.
    private let nameBytes: [Int]
    /// Bytes of a row's encoding at most.
    private let limit: Int
    private var slot = 0
    private var stamp: UInt32 = 0
    /// Whether the row has nothing but its id yet.
    private var isNew = false
    /// Columns whose change moves the row in an order.
    private var keys: UInt64 = 0
    /// The column that was written last.
    private var column = 0
    private var outcome = Outcome()

    init(_ rows: RowStore, _ tables: WindowTables?, nameBytes: [Int], limit: Int) {
        self.rows = rows
        self.tables = tables
        self.nameBytes = nameBytes
        self.limit = limit
    }

    /// Begins a row.
    mutating func open(_ slot: Int, revision: Int, isNew: Bool) {
        self.slot = slot
        self.isNew = isNew
        stamp = rows.offset(revision)
        keys = isNew ? 0 : tables?.keys ?? 0
        column = TopicSchema.idColumn
        outcome = Outcome()
    }

    /// Ends it.
    func close() -> Outcome { outcome }

    /// Sets the next column to a text, or to nothing.
    package mutating func add(_ text: String?) {
        column += 1
        guard let text else { return clear(column) }
        store(column, text, rows.kind(ofTextsIn: column))
    }

    /// Sets the next column to a number, or to nothing.
    package mutating func add(_ number: Int?) {
        column += 1
        guard let number else { return clear(column) }
        store(column, .int, UInt64(bitPattern: Int64(number)))
    }

    /// Sets the next column to yes, no or nothing.
    package mutating func add(_ flag: Bool?) {
        column += 1
        guard let flag else { return clear(column) }
        store(column, flag ? .yes : .no, 0)
    }

    /// Sets the next column to a number, or to nothing; so does one that is not finite.
    package mutating func add(exactly number: Double?) {
        column += 1
        guard let number, number.isFinite else { return clear(column) }
        store(column, .double, number.bitPattern)
    }

    /// Sets any column.
    mutating func set(_ column: Int, _ value: FieldValue) {
        switch value {
        case .absent: clear(column)
        case .bool(let flag): store(column, flag ? .yes : .no, 0)
        case .int(let number): store(column, .int, UInt64(bitPattern: Int64(number)))
        case .double(let number):
            if number.isFinite {
                store(column, .double, number.bitPattern)
            } else {
                clear(column)
            }
        case .text(let text): store(column, text, rows.kind(ofTextsIn: column))
        case .list(let json): store(column, json, .list)
        }
    }

    /// What stands in a column now; nothing is read of a new row.
    @inline(__always)
    private func cell(_ column: Int) -> RowCell {
        isNew && outcome.columns & (1 << UInt64(column)) == 0
            ? RowCell() : rows.cell(slot, column)
    }

    @inline(__always)
    private mutating func clear(_ column: Int) {
        // Most fields of most rows: they have no value, and had none.
        let old = cell(column)
        guard old.kind != .absent else { return }
        change(column, from: old)
        rows.put(RowCell(revision: stamp), slot, column)
    }

    @inline(__always)
    private mutating func store(_ column: Int, _ kind: RowCell.Kind, _ bits: UInt64) {
        let old = cell(column)
        if old.kind == kind, old.bits == bits { return }
        change(column, from: old)
        rows.put(RowCell(kind: kind, bits: bits, revision: stamp), slot, column)
        refuseIfOversized(column)
    }

    private mutating func store(_ column: Int, _ text: String, _ kind: RowCell.Kind) {
        let old = cell(column)
        if old.kind == kind, rows.isText(text, in: old) { return }
        change(column, from: old)
        rows.put(rows.keep(text, kind, stamp, slot), slot, column)
        refuseIfOversized(column)
    }

    /// Notes that a column changes, and lets go of its text.
    @inline(__always)
    private mutating func change(_ column: Int, from old: RowCell) {
        outcome.columns |= 1 << UInt64(column)
        if keys & (1 << UInt64(column)) != 0, let tables {
            outcome.taken |= tables.willChange(
                slot, column, taken: outcome.taken, in: &rows)
        }
        rows.dropText(of: old, slot)
    }

    @inline(__always)
    private mutating func refuseIfOversized(_ column: Int) {
        // Escapes take at most six times the bytes, so that most rows are never measured.
        guard rows.textBytes(slot) * 6 + rows.columnCount * 48 > limit else { return }
        refuse(column)
    }

    @inline(never)
    private mutating func refuse(_ column: Int) {
        var bytes = 24
        rows.forEachField(of: slot, in: .max) { column, value in
            bytes += nameBytes[column] + value.encodedBytes
        }
        guard bytes > limit else { return }
        clear(column)
        outcome.refused += 1
    }
}
