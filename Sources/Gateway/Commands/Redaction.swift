internal import WireFormats

/// Names of arguments whose values are never shown, in any spelling with `-`, `_` or none.
private let secretNames: Set<String> = [
    "password", "passwd", "pwd", "secret", "token", "apikey", "accesskey", "privatekey",
    "authorization", "credential", "credentials", "cookie",
]

/// Longest text of a command's arguments that is shown and recorded, bytes.
let shownArgumentBytes = 4_096

/// Arguments as JSON text for people: secrets masked, bounded.
func redactedText(_ value: JsonValue) -> String {
    let text = redacted(value).text()
    guard text.utf8.count > shownArgumentBytes else { return text }
    return "{\"…\":\"\(text.utf8.count) bytes\"}"
}

private func redacted(_ value: JsonValue) -> JsonValue {
    switch value {
    case .object(let members):
        .object(
            members.map { member in
                let plain = member.name.lowercased().filter { $0 != "_" && $0 != "-" }
                let isSecret = secretNames.contains { plain == $0 || plain.hasSuffix($0) }
                return JsonMember(member.name, isSecret ? "********" : redacted(member.value))
            })
    case .array(let elements): .array(elements.map(redacted))
    default: value
    }
}
