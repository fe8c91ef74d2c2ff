/// What somebody sees of a topic: which rows, and what of them. Applied before any filter of the client (R21).
package struct Projection: Sendable, Hashable {
    /// Columns that are sent, as a mask.
    let visible: UInt64
    /// Columns of which only kind and length are sent, as a mask.
    let masked: UInt64
    /// Rows that are shown: those that every rule shows.
    let rules: [RowRule]

    /// Every column as it is.
    package static let everything = Projection(visible: .max, masked: 0, rules: [])

    /// Every column but those named hidden; of those named masked only kind and length.
    ///
    /// - Parameters:
    ///   - schema: the topic's.
    ///   - hidden: names of columns that are not sent; `id` cannot be hidden.
    ///   - masked: names of columns whose text is replaced, such as `(24 characters)`.
    ///   - rules: what a row must fulfill to be shown at all.
    package init(
        of schema: TopicSchema, hidden: [String] = [], masked: [String] = [],
        rules: [RowRule] = []
    ) {
        self.visible = ~Self.mask(hidden, schema) | 1
        self.masked = Self.mask(masked, schema) & ~1
        self.rules = rules
    }

    private init(visible: UInt64, masked: UInt64, rules: [RowRule]) {
        self.visible = visible
        self.masked = masked
        self.rules = rules
    }

    /// True if the column is sent, as it is or masked.
    package func shows(column: Int) -> Bool { visible & (1 << UInt64(column)) != 0 }

    /// True if a filter or an order may use the column: what is hidden must not be guessed by asking.
    func allowsFilter(on column: Int) -> Bool {
        visible & ~masked & (1 << UInt64(column)) != 0
    }

    /// The value as the role sees it.
    func shown(_ value: FieldValue, column: Int) -> FieldValue {
        guard masked & (1 << UInt64(column)) != 0 else { return value }
        switch value {
        case .absent: return .absent
        case .text(let text): return .text("(\(text.count) characters)")
        case .list(let json): return .text("(list, \(json.utf8.count) bytes)")
        case .int, .double: return .text("(number)")
        case .bool: return .text("(boolean)")
        }
    }

    /// The epoch as it is told to whom this is sent: whose history the rows are, and what is seen of them. Who
    /// held rows of another role cannot go on with them: what was hidden and is not any more, or the other way
    /// round, did not change.
    func epoch(of history: String) -> String {
        guard self != .everything else { return history }
        var seen = [String(~visible, radix: 36), String(masked, radix: 36)]
        // Of this process only, as the history is.
        if !rules.isEmpty { seen.append(String(UInt(bitPattern: rules.hashValue), radix: 36)) }
        return ([history] + seen).joined(separator: String(Self.mark))
    }

    /// Whose history an epoch is of that ``epoch(of:)`` made.
    static func history(of epoch: String) -> Substring {
        epoch.prefix { $0 != mark }
    }

    private static let mark: Character = "~"

    private static func mask(_ names: [String], _ schema: TopicSchema) -> UInt64 {
        var mask: UInt64 = 0
        for name in names {
            guard let column = schema.column(name) else {
                preconditionFailure("\(schema.name): no column \(name) to hide")
            }
            mask |= 1 << UInt64(column)
        }
        return mask
    }
}
