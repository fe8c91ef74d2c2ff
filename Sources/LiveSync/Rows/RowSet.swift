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
        estimatedBytes += 24
    }

    /// Adds a cell to the last row.
    ///
    /// - Parameter nameBytes: bytes of the column's name.
    package mutating func appendCell(_ column: Int, _ value: FieldValue, nameBytes: Int) {
        columns.append(UInt8(truncatingIfNeeded: column))
        values.append(value)
        ends[ends.count - 1] += 1
        estimatedBytes += nameBytes + 4 + value.encodedBytes
    }
}
