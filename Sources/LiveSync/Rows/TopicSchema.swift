/// A topic of an engine, as a small number: its place in the list the engine was made with.
package struct TopicID: Sendable, Hashable {
    /// Place in the engine's list of topics.
    package let index: Int

    init(index: Int) {
        self.index = index
    }
}

/// What a topic looks like: its columns, and which of them clients may filter and sort by.
///
/// Columns are addressed by number everywhere but on the wire. Column 0 is always `id`.
package struct TopicSchema: Sendable {
    /// How clients read a topic.
    package enum Kind: Sendable, Equatable {
        /// `sub.open`: every row, snapshot and deltas, tombstones for removed rows.
        case whole
        /// `view.open`: ordered windows of at most 200 rows; removed rows leave no tombstone.
        case windows
    }

    /// Most columns a topic may have: field sets are 64-bit masks.
    package static let columnLimit = 64
    /// The column that every topic has first.
    package static let idColumn = 0

    /// Name on the wire, such as `workers`.
    package let name: String
    /// How it is read.
    package let kind: Kind
    /// Names of the columns on the wire; `columns[0]` is `id`.
    package let columns: [String]
    /// The same with quotes, as they stand before a value in a patch.
    package let quotedColumns: [[UInt8]]
    /// Columns that filters may use.
    package let filterColumns: [Int]
    /// Columns that windows may be ordered by; the first is the default.
    package let sortColumns: [Int]
    /// Columns that few rows have; they take no room in the others.
    let rareColumns: Set<Int>
    /// Number of each column by name.
    private let numbers: [String: Int]

    /// Makes a schema.
    ///
    /// - Parameters:
    ///   - name: name on the wire.
    ///   - kind: whole or windows.
    ///   - fields: names of the fields without `id`, at most 63, each once, plain ASCII identifiers
    ///     (they are written to the wire unescaped).
    ///   - filters: names of fields (or `id`) that filters may use.
    ///   - sorts: names of fields that windows may be ordered by, at least one for windows.
    ///   - rare: names of fields that few rows have.
    package init(
        name: String, kind: Kind, fields: [String], filters: [String] = [], sorts: [String] = [],
        rare: [String] = []
    ) {
        let columns = ["id"] + fields
        precondition(columns.count <= Self.columnLimit, "\(name): more than 64 columns")
        precondition(Set(columns).count == columns.count, "\(name): a column is named twice")
        precondition(
            columns.allSatisfy { $0.utf8.allSatisfy { 0x30...0x7A ~= $0 && $0 != 0x5C } },
            "\(name): a column name is not an identifier")
        precondition(kind == .whole || !sorts.isEmpty, "\(name): windows need an order")
        var numbers: [String: Int] = [:]
        for (number, column) in columns.enumerated() {
            numbers[column] = number
        }
        self.name = name
        self.kind = kind
        self.columns = columns
        self.quotedColumns = columns.map { Array("\"\($0)\"".utf8) }
        self.numbers = numbers
        self.filterColumns = Self.resolved(filters, numbers, name)
        self.sortColumns = Self.resolved(sorts, numbers, name)
        self.rareColumns = Set(Self.resolved(rare, numbers, name))
    }

    /// Number of a column, `nil` if there is none of that name.
    package func column(_ name: String) -> Int? {
        numbers[name]
    }

    /// Names of columns that a role may use, for a refusal's sentence.
    func names(_ columns: [Int], _ projection: Projection) -> String {
        let names = columns.filter { projection.allowsFilter(on: $0) }.map { self.columns[$0] }
        return names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
    }

    private static func resolved(_ names: [String], _ numbers: [String: Int], _ topic: String)
        -> [Int]
    {
        names.map { name in
            guard let number = numbers[name] else {
                preconditionFailure("\(topic): no column \(name)")
            }
            return number
        }
    }
}
