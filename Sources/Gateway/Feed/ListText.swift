internal import WireFormats

/// Texts as a JSON array, for a field of a row.
func listText(_ texts: some Sequence<String>) -> String {
    var writer = JsonWriter()
    writer.beginArray()
    for text in texts { writer.string(text) }
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// Numbers as a JSON array, for a field of a row.
func listText(_ numbers: [Int]) -> String {
    "[" + numbers.map(String.init).joined(separator: ",") + "]"
}
