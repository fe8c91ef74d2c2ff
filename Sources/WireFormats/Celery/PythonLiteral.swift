/// Reads text that Python's `repr` made of plain values back into values: what events show of a task's
/// arguments, to run it again with the same ones.
///
/// Only what is certain is read. Celery cuts long texts with `...`, which may look like part of a
/// text; so anything with three dots is refused, as is every object that is not plain.
package enum PythonLiteral {
    /// Longest text that is read, bytes; Celery's own bound is 1,024 characters.
    package static let maxBytes = 8_192

    /// The value of a literal: `None`, `True`, `False`, numbers, texts, and lists, tuples and
    /// dictionaries of them (keys must be texts). `nil` if it is not certain.
    package static func value(_ text: String) -> JsonValue? {
        guard text.utf8.count <= maxBytes, !text.contains("...") else { return nil }
        var reader = Reader(scalars: Array(text.unicodeScalars))
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpaces()
        guard reader.isAtEnd else { return nil }
        return value
    }

    private struct Reader {
        let scalars: [Unicode.Scalar]
        var index = 0

        var isAtEnd: Bool { index == scalars.count }
        private var next: Unicode.Scalar? { isAtEnd ? nil : scalars[index] }

        mutating func skipSpaces() {
            while next == " " { index += 1 }
        }

        private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard next == scalar else { return false }
            index += 1
            return true
        }

        private mutating func take(word: String) -> Bool {
            let wanted = Array(word.unicodeScalars)
            guard scalars.count - index >= wanted.count,
                scalars[index..<index + wanted.count].elementsEqual(wanted)
            else { return false }
            index += wanted.count
            return true
        }

        mutating func value(depth: Int) -> JsonValue? {
            guard depth <= CeleryLimits.maxArgumentDepth else { return nil }
            skipSpaces()
            switch next {
            case "'", "\"": return text().map(JsonValue.string)
            case "(": return elements(until: ")", isTuple: true, depth: depth)
            case "[": return elements(until: "]", isTuple: false, depth: depth)
            case "{": return members(depth: depth)
            default: break
            }
            if take(word: "None") { return JsonValue.null }
            if take(word: "True") { return true }
            if take(word: "False") { return false }
            return number()
        }

        private mutating func elements(
            until end: Unicode.Scalar, isTuple: Bool, depth: Int
        ) -> JsonValue? {
            index += 1
            var values: [JsonValue] = []
            skipSpaces()
            if take(end) { return .array(values) }
            while true {
                guard let value = value(depth: depth + 1) else { return nil }
                values.append(value)
                skipSpaces()
                let hasComma = take(",")
                skipSpaces()
                if take(end) {
                    // `(1)` is a number in brackets, `(1,)` a tuple.
                    if isTuple, values.count == 1, !hasComma { return nil }
                    return .array(values)
                }
                guard hasComma else { return nil }
            }
        }

        private mutating func members(depth: Int) -> JsonValue? {
            index += 1
            var members: [JsonMember] = []
            skipSpaces()
            if take("}") { return .object(members) }
            while true {
                skipSpaces()
                guard let name = text() else { return nil }
                skipSpaces()
                guard take(":"), let value = value(depth: depth + 1) else { return nil }
                members.append(JsonMember(name, value))
                skipSpaces()
                if take("}") { return .object(members) }
                guard take(",") else { return nil }
            }
        }

        private mutating func number() -> JsonValue? {
            let start = index
            while let scalar = next, "+-.0123456789eE".unicodeScalars.contains(scalar) {
                index += 1
            }
            let text = String(String.UnicodeScalarView(scalars[start..<index]))
            guard let first = text.utf8.first, first != UInt8(ascii: "+"),
                let value = try? JsonReader.parse(text, limits: .celery)
            else { return nil }
            return value
        }

        private mutating func text() -> String? {
            guard let quote = next, quote == "'" || quote == "\"" else { return nil }
            index += 1
            var text = String.UnicodeScalarView()
            while let scalar = next {
                index += 1
                if scalar == quote { return String(text) }
                guard scalar == "\\" else {
                    text.append(scalar)
                    continue
                }
                guard let escaped = escape() else { return nil }
                text.append(escaped)
            }
            return nil
        }

        private mutating func escape() -> Unicode.Scalar? {
            guard let mark = next else { return nil }
            index += 1
            switch mark {
            case "'", "\"", "\\": return mark
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "x": return hexadecimal(2)
            case "u": return hexadecimal(4)
            case "U": return hexadecimal(8)
            default: return nil
            }
        }

        private mutating func hexadecimal(_ digits: Int) -> Unicode.Scalar? {
            guard scalars.count - index >= digits else { return nil }
            let text = String(String.UnicodeScalarView(scalars[index..<index + digits]))
            index += digits
            return UInt32(text, radix: 16).flatMap(Unicode.Scalar.init)
        }
    }
}
