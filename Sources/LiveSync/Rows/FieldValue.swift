/// One field of a row: a scalar, a flat array, or nothing (protocol D6: `null` on the wire means absent).
package enum FieldValue: Sendable, Hashable {
    /// The row has no such field.
    case absent
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number; the wire carries magnitudes below 2^53.
    case int(Int)
    /// A finite number. NaN and the infinities become ``absent`` in the store.
    case double(Double)
    /// Text, not escaped.
    case text(String)
    /// A flat array as JSON text, such as `["a","b"]`: whoever makes it vouches for its syntax.
    case list(String)
}

extension FieldValue {
    /// `nil` becomes ``absent``.
    package init(_ text: String?) {
        self = text.map { .text($0) } ?? .absent
    }

    /// `nil` becomes ``absent``.
    package init(_ number: Int?) {
        self = number.map { .int($0) } ?? .absent
    }

    /// `nil` becomes ``absent``.
    package init(_ number: Double?) {
        self = number.map { .double($0) } ?? .absent
    }

    /// `nil` becomes ``absent``.
    package init(_ flag: Bool?) {
        self = flag.map { .bool($0) } ?? .absent
    }

    /// True for ``absent``.
    package var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }

    /// At least the bytes this value takes as JSON.
    var encodedBytes: Int {
        switch self {
        case .absent: 4
        case .bool: 5
        case .int: 20
        case .double: 25
        case .list(let json): json.utf8.count
        case .text(let text): Self.escapedBytes(of: text)
        }
    }

    /// At least the bytes of a text as a JSON string with its quotes; six for each control character.
    private static func escapedBytes(of text: String) -> Int {
        var bytes = 2
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7F {
                bytes += 6
            } else if byte == 0x22 || byte == 0x5C {
                bytes += 2
            } else {
                bytes += 1
            }
        }
        return bytes
    }

    /// Place among kinds in the total order that windows sort by.
    private var kindOrder: Int {
        switch self {
        case .absent: 0
        case .bool: 1
        case .int, .double: 2
        case .text: 3
        case .list: 4
        }
    }

    /// Total order for sort keys: absent, booleans, numbers by value, texts by code units.
    static func ordered(_ left: FieldValue, _ right: FieldValue) -> Int {
        switch (left, right) {
        case (.double(let a), .double(let b)): a < b ? -1 : (a > b ? 1 : 0)
        case (.int(let a), .int(let b)): a < b ? -1 : (a > b ? 1 : 0)
        case (.int(let a), .double(let b)): Double(a) < b ? -1 : (Double(a) > b ? 1 : 0)
        case (.double(let a), .int(let b)): a < Double(b) ? -1 : (a > Double(b) ? 1 : 0)
        case (.text(let a), .text(let b)), (.list(let a), .list(let b)):
            a == b ? 0 : (a < b ? -1 : 1)
        case (.bool(let a), .bool(let b)): a == b ? 0 : (a ? 1 : -1)
        default: left.kindOrder - right.kindOrder
        }
    }

    /// True if a filter value means this field value: equal, numbers by value.
    func matches(_ other: FieldValue) -> Bool {
        self == other || (kindOrder == 2 && other.kindOrder == 2 && Self.ordered(self, other) == 0)
    }
}
