/// Some rows, or parts of rows, ready to be encoded: flat arrays instead of one array per row.
package struct RowSet: Sendable, Equatable {
    /// Handles of the rows, in order.
    package private(set) var handles: [Int] = []
    /// Cells of all rows, row after row: column numbers.
    package private(set) var columns: [UInt8] = []
    /// Cells of all rows, row after row: values.
    package private(set) var values: [FieldValue] = []
    /// Estimated bytes on the wire, at least the true ones.
    package private(set) var estimatedBytes = 0
    /// End of each row's cells.
    private var ends: [Int32] = []
    private var lastRowBytes = 0

    /// An empty set.
    package init() {}

    /// Number of rows.
    package var count: Int { handles.count }
    /// True without rows.
    package var isEmpty: Bool { handles.isEmpty }

    /// Where the cells of a row stand in ``columns`` and ``values``.
    package func cells(of row: Int) -> Range<Int> {
        (row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])
    }

    /// Every column that some row has, as a mask.
    package var columnMask: UInt64 {
        var mask: UInt64 = 0
        for column in columns {
            mask |= 1 << UInt64(column)
        }
        return mask
    }

    /// Adds a row without cells.
    package mutating func appendRow(_ handle: Int) {
        handles.append(handle)
        ends.append(Int32(columns.count))
        lastRowBytes = 24
        estimatedBytes += 24
    }

    /// Adds a cell to the last row.
    ///
    /// - Parameter nameBytes: bytes of the column's name with its punctuation.
    package mutating func appendCell(_ column: Int, _ value: FieldValue, nameBytes: Int) {
        columns.append(UInt8(truncatingIfNeeded: column))
        values.append(value)
        ends[ends.count - 1] += 1
        let bytes = nameBytes + value.encodedBytes
        lastRowBytes += bytes
        estimatedBytes += bytes
    }

    /// Takes the last row out, as a set of its own. Only once after it was added.
    mutating func takeLastRow() -> RowSet {
        var taken = RowSet()
        guard let handle = handles.popLast() else { return taken }
        let range = Int(ends.dropLast().last ?? 0)..<Int(ends.removeLast())
        taken.handles = [handle]
        taken.columns = Array(columns[range])
        taken.values = Array(values[range])
        taken.ends = [Int32(range.count)]
        taken.lastRowBytes = lastRowBytes
        taken.estimatedBytes = lastRowBytes
        estimatedBytes -= lastRowBytes
        columns.removeSubrange(range)
        values.removeSubrange(range)
        return taken
    }
}
