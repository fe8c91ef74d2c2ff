/// A pattern for whole texts, in which `*` stands for any bytes, also none. Nothing else is special.
///
/// A part between two stars is looked for once, from where the one before ended: no text makes it try again.
package struct Glob: Sendable, Hashable {
    /// What stands before, between and behind the stars; one alone is the whole text.
    private let parts: [[UInt8]]

    /// Reads a pattern.
    package init(_ pattern: String) {
        parts = pattern.utf8.split(
            separator: UInt8(ascii: "*"), omittingEmptySubsequences: false
        ).map { Array($0) }
    }

    /// Matches one text only, stars and all.
    package init(literal text: String) {
        parts = [Array(text.utf8)]
    }

    private init(parts: [[UInt8]]) {
        self.parts = parts
    }

    /// The same pattern behind a text.
    package func prefixed(_ text: String) -> Glob {
        Glob(parts: [Array(text.utf8) + (parts.first ?? [])] + parts.dropFirst())
    }

    /// Whether a text is one of those that the pattern stands for.
    package func matches(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = parts.first, let last = parts.last else { return false }
        guard parts.count > 1 else { return bytes.elementsEqual(first) }
        guard bytes.count >= first.count + last.count, bytes.starts(with: first),
            bytes.suffix(last.count).elementsEqual(last)
        else { return false }
        // What stands between is looked for from the left: an early place leaves most room for the rest.
        var rest = bytes.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() {
            guard let end = Self.end(of: part, in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    /// Where the first occurrence ends.
    private static func end(of part: [UInt8], in bytes: Substring.UTF8View) -> String.Index? {
        var tail = bytes
        for _ in 0..<max(bytes.count - part.count + 1, 0) {
            if tail.starts(with: part) {
                return tail.index(tail.startIndex, offsetBy: part.count)
            }
            tail = tail.dropFirst()
        }
        return nil
    }
}
