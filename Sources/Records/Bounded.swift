internal import Ports

/// Makes values from outside storable. SQLite texts end at a NUL character here, so that two
/// different names could become one: a name with NUL is refused, in prose NUL is shown as `␀`.
enum Bounded {
    /// A name that identifies something: refused if it is empty, too long or holds NUL.
    static func name(
        _ text: String, _ what: String, limit: Int = Limits.nameBytes
    ) throws(RecordsError) -> String {
        guard (1...limit).contains(text.utf8.count) else {
            throw RecordsError(.invalid, "\(what) must have 1 to \(limit) bytes")
        }
        guard !text.utf8.contains(0) else {
            throw RecordsError(.invalid, "\(what) must not hold a NUL character")
        }
        return text
    }

    /// Whole text such as JSON: refused if it is too long.
    static func text(_ text: String, _ what: String, limit: Int) throws(RecordsError) -> String {
        let text = visible(text)
        guard text.utf8.count <= limit else {
            throw RecordsError(.invalid, "\(what) must have at most \(limit) bytes")
        }
        return text
    }

    /// Prose: cut at a character where it is too long.
    static func sentence(_ text: String, limit: Int = Limits.sentenceBytes) -> String {
        let text = visible(text)
        guard text.utf8.count > limit else { return text }
        var kept = ""
        var count = 0
        let ellipsis = "…"
        for character in text.unicodeScalars {
            count += UTF8.width(character)
            guard count <= limit - ellipsis.utf8.count else { break }
            kept.unicodeScalars.append(character)
        }
        return kept + ellipsis
    }

    /// A list of prose: the last entry counts those that are left out.
    static func list(_ texts: [String], limit: Int) -> [String] {
        guard texts.count > limit else { return texts.map { sentence($0) } }
        let kept = texts.prefix(limit - 1).map { sentence($0) }
        return kept + ["… and \(texts.count - limit + 1) more"]
    }

    /// A time: refused unless finite, because SQLite stores a NaN as NULL.
    @discardableResult
    static func time(_ seconds: Double?, _ what: String) throws(RecordsError) -> Double? {
        guard seconds?.isFinite ?? true else {
            throw RecordsError(.invalid, "\(what) must be a finite number of seconds")
        }
        return seconds
    }

    private static func visible(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(scalar.value == 0 ? "\u{2400}" : scalar) }
        return String(result)
    }
}
