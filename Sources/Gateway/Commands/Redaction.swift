internal import WireFormats

/// Longest text of a command's arguments that is shown and recorded, bytes.
let shownArgumentBytes = 4_096

/// Arguments as JSON text for people: secrets masked, bounded.
func redactedText(_ value: JsonValue, by redactor: Redactor = .standard) -> String {
    let text = redactor.redacted(value).text()
    guard text.utf8.count > shownArgumentBytes else { return text }
    return "{\"…\":\"\(text.utf8.count) bytes\"}"
}
