/// Reads a task with its arguments as a person writes it in a shell, such as
/// `mail.send("ada@example.org", retry=true) queue=mail priority=0 immutable`.
///
/// The name comes first, then in brackets its arguments, then options. Values are JSON or Python literals.
package enum SignatureText {
    /// Longest text that is read, bytes.
    package static let maxBytes = 16_384
    /// The form, for people.
    package static let form = #"NAME(VALUE, …, KEYWORD=VALUE, …) queue=NAME priority=0…9 immutable"#

    /// Reads a text.
    ///
    /// - Returns: an object with `task`, and `args`, `kwargs`, `queue`, `priority` and `immutable` where the text
    ///   has them.
    /// - Throws: what is wrong, and what would be right.
    package static func value(_ text: String) throws(CeleryError) -> JsonValue {
        guard text.utf8.count <= maxBytes else {
            throw CeleryError(.tooLarge, "", "has more than \(maxBytes) bytes")
        }
        let text = trimmed(text[...])
        let end = text.firstIndex { $0 == "(" || $0.isWhitespace } ?? text.endIndex
        let name = text[..<end]
        guard !name.isEmpty, !name.contains(where: { "\"'{}[]=,)".contains($0) }) else {
            throw CeleryError(.invalid, "", "must begin with the name of a task: \(form)")
        }
        var members = [JsonMember("task", .string(String(name)))]
        var rest = text[end...]
        if rest.first == "(" {
            let (parts, after) = try arguments(rest.dropFirst())
            members += try read(arguments: parts)
            rest = after
        }
        return .object(members + (try read(options: rest)))
    }

    // MARK: - Arguments

    /// What stands between commas until the closing bracket, and what follows that.
    private static func arguments(
        _ text: Substring
    ) throws(CeleryError) -> (parts: [Substring], rest: Substring) {
        var parts: [Substring] = []
        var (depth, quote): (Int, Character?) = (0, nil)
        var (start, index) = (text.startIndex, text.startIndex)
        while index < text.endIndex {
            let character = text[index]
            let next = text.index(after: index)
            if let open = quote {
                if character == "\\", next < text.endIndex {
                    index = text.index(after: next)
                    continue
                }
                if character == open { quote = nil }
            } else {
                switch character {
                case "\"", "'": quote = character
                case "(", "[", "{": depth += 1
                case ")" where depth == 0:
                    let last = trimmed(text[start..<index])
                    if !last.isEmpty { parts.append(last) }
                    return (parts, text[next...])
                case ")", "]", "}": depth -= 1
                case "," where depth == 0:
                    parts.append(trimmed(text[start..<index]))
                    start = next
                default: break
                }
            }
            index = next
        }
        throw CeleryError(
            .invalid, "",
            quote == nil
                ? "misses the ) after its arguments"
                : "misses the end of a text in \(quote ?? "\"")")
    }

    private static func read(arguments: [Substring]) throws(CeleryError) -> [JsonMember] {
        var args: [JsonValue] = []
        var kwargs: [JsonMember] = []
        for (number, part) in arguments.enumerated() {
            let place = "argument \(number + 1)"
            guard let (name, text) = keyword(part) else {
                guard kwargs.isEmpty else {
                    throw CeleryError(
                        .invalid, place, "must have a name: it comes after one that has")
                }
                args.append(try value(of: part, place))
                continue
            }
            guard !kwargs.contains(where: { $0.name == name }) else {
                throw CeleryError(.invalid, name, "is given twice")
            }
            kwargs.append(JsonMember(name, try value(of: text, name)))
        }
        var members: [JsonMember] = []
        if !args.isEmpty { members.append(JsonMember("args", .array(args))) }
        if !kwargs.isEmpty { members.append(JsonMember("kwargs", .object(kwargs))) }
        return members
    }

    /// Name and value of `name=value`; `nil` if it is a value alone.
    private static func keyword(_ text: Substring) -> (name: String, value: Substring)? {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        let name = trimmed(text[..<equals])
        guard let first = name.first, first.isLetter || first == "_",
            name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return nil }
        return (String(name), trimmed(text[text.index(after: equals)...]))
    }

    private static func value(of text: Substring, _ place: String) throws(CeleryError) -> JsonValue
    {
        let text = String(text)
        if let value = try? JsonReader.parse(text, limits: .client) { return value }
        if let value = PythonLiteral.value(text) { return value }
        throw CeleryError(
            .invalid, place, "is neither JSON nor a Python literal; texts are in quotes")
    }

    // MARK: - Options

    private static func read(options text: Substring) throws(CeleryError) -> [JsonMember] {
        var members: [JsonMember] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            let member: JsonMember
            switch keyword(word) {
            case ("queue", let name)? where !name.isEmpty:
                member = JsonMember("queue", .string(String(name)))
            case ("priority", let text)?:
                guard let priority = Int64(text), 0...9 ~= priority else {
                    throw CeleryError(.invalid, "priority", "must be from 0 (most urgent) to 9")
                }
                member = JsonMember("priority", .integer(priority))
            case nil where word == "immutable": member = JsonMember("immutable", true)
            default:
                throw CeleryError(
                    .invalid, String(word.prefix(60)),
                    "is not known; after the arguments come queue=NAME, priority=0…9 and immutable")
            }
            guard !members.contains(where: { $0.name == member.name }) else {
                throw CeleryError(.invalid, member.name, "is given twice")
            }
            members.append(member)
        }
        return members
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop(while: \.isWhitespace)
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else {
            return start.prefix(0)
        }
        return start[...last]
    }
}
