/// Text such as Python's `repr` makes of values, for the headers `argsrepr` and `kwargsrepr` that
/// events and monitors show.
package enum PythonRepr {
    /// A tuple: `()`, `(1,)`, `(1, 'a')`; cut at `limit` characters.
    package static func tuple(
        _ values: [JsonValue], limit: Int = CeleryLimits.maxReprCharacters
    ) -> String {
        var writer = Writer(limit: limit)
        writer.add("(")
        writer.addList(values)
        writer.add(values.count == 1 ? ",)" : ")")
        return writer.finish()
    }

    /// A dictionary: `{'a': 1}`; cut at `limit` characters.
    package static func dictionary(
        _ members: [JsonMember], limit: Int = CeleryLimits.maxReprCharacters
    ) -> String {
        var writer = Writer(limit: limit)
        writer.addMembers(members)
        return writer.finish()
    }

    /// Any value; cut at `limit` characters.
    package static func value(
        _ value: JsonValue, limit: Int = CeleryLimits.maxReprCharacters
    ) -> String {
        var writer = Writer(limit: limit)
        writer.add(value)
        return writer.finish()
    }

    /// Adds text up to a limit, and does no more work beyond it.
    private struct Writer {
        let limit: Int
        var scalars: [Unicode.Scalar] = []

        var isFull: Bool { scalars.count > limit }

        mutating func finish() -> String {
            var text = String.UnicodeScalarView()
            if isFull {
                text.append(contentsOf: scalars.prefix(max(0, limit - 3)))
                text.append(contentsOf: "...".unicodeScalars.prefix(limit))
            } else {
                text.append(contentsOf: scalars)
            }
            return String(text)
        }

        mutating func add(_ text: String) {
            for scalar in text.unicodeScalars {
                if isFull { return }
                scalars.append(scalar)
            }
        }

        mutating func addList(_ values: [JsonValue]) {
            for (index, value) in values.enumerated() {
                if isFull { return }
                if index > 0 { add(", ") }
                add(value)
            }
        }

        mutating func addMembers(_ members: [JsonMember]) {
            add("{")
            for (index, member) in members.enumerated() {
                if isFull { return }
                if index > 0 { add(", ") }
                addQuoted(member.name)
                add(": ")
                add(member.value)
            }
            add("}")
        }

        mutating func add(_ value: JsonValue) {
            switch value {
            case .null: add("None")
            case .bool(let value): add(value ? "True" : "False")
            case .integer(let value): add(String(value))
            case .number(let value): add(number(value))
            case .bigInteger(let digits): add(digits)
            case .string(let text): addQuoted(text)
            case .array(let values):
                add("[")
                addList(values)
                add("]")
            case .object(let members): addMembers(members)
            }
        }

        private func number(_ value: Double) -> String {
            if value.isNaN { return "nan" }
            return value.isInfinite ? (value < 0 ? "-inf" : "inf") : value.description
        }

        /// Python takes single quotes unless only double ones need no escape.
        private mutating func addQuoted(_ text: String) {
            let hasSingle = text.unicodeScalars.contains("'")
            let quote: Unicode.Scalar =
                hasSingle && !text.unicodeScalars.contains("\"") ? "\"" : "'"
            add(String(quote))
            for scalar in text.unicodeScalars {
                if isFull { return }
                switch scalar {
                case quote, "\\": add("\\\(scalar)")
                case "\n": add("\\n")
                case "\r": add("\\r")
                case "\t": add("\\t")
                default: addPlain(scalar)
                }
            }
            add(String(quote))
        }

        private mutating func addPlain(_ scalar: Unicode.Scalar) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
                .paragraphSeparator:
                addEscape(scalar.value)
            case .spaceSeparator where scalar != " ": addEscape(scalar.value)
            default: scalars.append(scalar)
            }
        }

        private mutating func addEscape(_ value: UInt32) {
            let (mark, width) = value < 0x100 ? ("x", 2) : value < 0x10000 ? ("u", 4) : ("U", 8)
            let digits = String(value, radix: 16)
            add("\\" + mark + String(repeating: "0", count: width - digits.count) + digits)
        }
    }
}
