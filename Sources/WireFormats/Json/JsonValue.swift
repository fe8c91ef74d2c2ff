/// One JSON value as a tree.
///
/// Objects keep the order of their members. Used wherever speed does not matter; the event path
/// works on slices instead (`JsonScanner`).
package enum JsonValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// An integer that fits 64 bits.
    case integer(Int64)
    /// A number with fraction or exponent. Not finite only if read in Python's dialect.
    case number(Double)
    /// An integer beyond 64 bits (Python writes any size), as its digits.
    case bigInteger(String)
    case string(String)
    case array([JsonValue])
    /// Members in the order of the text.
    case object([JsonMember])

    /// An object from pairs in order.
    package static func object(pairs: KeyValuePairs<String, JsonValue>) -> JsonValue {
        .object(pairs.map { JsonMember($0.key, $0.value) })
    }
}

/// One member of an object.
package struct JsonMember: Sendable, Hashable {
    /// Its name; any text.
    package var name: String
    /// Its value.
    package var value: JsonValue

    /// Makes a member.
    package init(_ name: String, _ value: JsonValue) {
        self.name = name
        self.value = value
    }
}

extension JsonValue {
    /// Whether it is `null`.
    package var isNull: Bool { self == .null }

    /// The truth value, nil if it is of another kind.
    package var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The integer, nil if it is of another kind (`2.0` is).
    package var integer: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    /// The number, also of an integer of any size; nil if it is of another kind. May be not finite.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .bigInteger(let digits): Double(digits)
        default: nil
        }
    }

    /// The text, nil if it is of another kind.
    package var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The elements, nil if it is of another kind.
    package var array: [JsonValue]? {
        if case .array(let value) = self { return value }
        return nil
    }

    /// The members in order, nil if it is of another kind.
    package var object: [JsonMember]? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// The value of the last member called `name`; nil if there is none or this is no object.
    package subscript(_ name: String) -> JsonValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// The value as JSON text.
    ///
    /// - Parameter isASCII: whether everything above ASCII is escaped, as Python does.
    package func text(asciiOnly isASCII: Bool = false) -> String {
        var writer = JsonWriter(asciiOnly: isASCII)
        writer.value(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JsonValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes `null`.
    package init(nilLiteral: ()) { self = .null }
    /// Makes `true` or `false`.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Makes an integer.
    package init(integerLiteral value: Int64) { self = .integer(value) }
    /// Makes a number.
    package init(floatLiteral value: Double) { self = .number(value) }
    /// Makes text.
    package init(stringLiteral value: String) { self = .string(value) }
    /// Makes an array.
    package init(arrayLiteral elements: JsonValue...) { self = .array(elements) }
    /// Makes an object with its members in order.
    package init(dictionaryLiteral elements: (String, JsonValue)...) {
        self = .object(elements.map { JsonMember($0.0, $0.1) })
    }
}
