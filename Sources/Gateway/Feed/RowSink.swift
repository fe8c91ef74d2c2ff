internal import LiveSync

/// Takes the fields of a row in the order of its topic's columns: a list of them (``RowBuilder``), or the row
/// itself (`RowWriter`).
protocol RowSink {
    mutating func add(_ text: String?)
    mutating func add(_ number: Int?)
    mutating func add(_ flag: Bool?)
    /// Adds a number as it is.
    mutating func add(exactly number: Double?)
}

extension RowSink {
    /// Adds a moment or duration, rounded to milliseconds: finer differences are no news.
    mutating func add(_ number: Double?) {
        guard let number else { return add(exactly: nil) }
        add(exactly: (number * 1000).rounded() / 1000)
    }
}

extension RowWriter: RowSink {}
