internal import LiveSync

extension ClientFrame {
    /// Reads a `where` (R21): only its shape; names and values are checked by `Filter`.
    static func filter(_ value: JsonValue?) throws(FrameFault) -> FilterExpression? {
        guard let value, !value.isNull else { return nil }
        return try expression(value)
    }

    private static func expression(_ value: JsonValue) throws(FrameFault) -> FilterExpression {
        guard let parts = value.array, let name = parts.first?.string else {
            throw FrameFault(.badFilter, "a filter is an array such as [\"eq\", field, value]")
        }
        switch (name, parts.count) {
        case ("and", _): return .and(try expressions(parts))
        case ("eq", 3): return .eq(try column(parts[1]), try field(parts[2]))
        case ("in", 3):
            guard let values = parts[2].array else {
                throw FrameFault(.badFilter, "in takes [\"in\", field, [values]]")
            }
            var fields: [FieldValue] = []
            for value in values { fields.append(try field(value)) }
            return .isIn(try column(parts[1]), fields)
        case ("range", 4):
            return .range(try column(parts[1]), from: try field(parts[2]), to: try field(parts[3]))
        case ("prefix", 3):
            guard let text = parts[2].string else {
                throw FrameFault(.badFilter, "prefix takes a text")
            }
            return .prefix(try column(parts[1]), text)
        case ("or", _): return .or(try expressions(parts))
        case ("not", 2): return .not(try expression(parts[1]))
        case ("contains", 3):
            guard let text = parts[2].string else {
                throw FrameFault(.badFilter, "contains takes a text")
            }
            return .contains(try column(parts[1]), text)
        default:
            throw FrameFault(
                .badFilter,
                "a filter is made of and, eq, in, range, prefix; in a query also of or, not, contains"
            )
        }
    }

    private static func expressions(
        _ parts: [JsonValue]
    ) throws(FrameFault) -> [FilterExpression] {
        var all: [FilterExpression] = []
        for part in parts.dropFirst() { all.append(try expression(part)) }
        return all
    }

    private static func column(_ value: JsonValue) throws(FrameFault) -> String {
        guard let name = value.string else {
            throw FrameFault(.badFilter, "the second element of a filter names a field")
        }
        return name
    }

    private static func field(_ value: JsonValue) throws(FrameFault) -> FieldValue {
        switch value {
        case .null: return .absent
        case .bool(let flag): return .bool(flag)
        case .integer(let number) where number.magnitude <= UInt64(ClientProtocol.largestInteger):
            return .int(Int(number))
        case .number(let number) where number.isFinite: return .double(number)
        case .string(let text): return .text(text)
        default: throw FrameFault(.badFilter, "a filter compares with scalars only")
        }
    }
}
