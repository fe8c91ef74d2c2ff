/// Words of the server, made fit for our logs and errors.
enum ServerText {
    /// The server's error without what it repeats of the arguments, at most 200 printable
    /// characters.
    static func cleaned(_ text: String) -> String {
        // "ERR unknown command 'X', with args beginning with: …" repeats the caller's data.
        var end = text.endIndex
        for (index, character) in zip(text.indices, text) where character == "," {
            if text[index...].hasPrefix(", with args beginning with") {
                end = index
                break
            }
        }
        let printable = text[..<end].prefix(200).map { $0.isNewline || $0 == "\0" ? " " : $0 }
        return String(printable)
    }

    /// Whether the server says that the user may not do this.
    static func isForbidden(_ text: String) -> Bool {
        text.hasPrefix("NOPERM") || text.hasPrefix("ERR unknown command")
    }
}
