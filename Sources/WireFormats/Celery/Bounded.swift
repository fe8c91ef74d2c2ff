/// Typed, bounded readings of trees that others wrote.
enum Bounded {
    /// Text cut to `limit` UTF-8 bytes at a character's border, then ended by `…`.
    static func text(_ text: String, limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while end > text.startIndex, String.Index(end, within: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return String(text[..<end]) + "…"
    }

    /// A text value as a name; nil if it is no text.
    static func name(_ value: JsonValue?) -> String? {
        value?.string.map { text($0, limit: CeleryLimits.maxNameBytes) }
    }

    /// A text value as it is, another one as JSON; nil if absent or null.
    static func repr(_ value: JsonValue?, limit: Int = CeleryLimits.maxReprBytes) -> String? {
        guard let value, !value.isNull else { return nil }
        return text(value.string ?? value.text(), limit: limit)
    }

    /// A value as JSON text; nil if absent or null.
    static func json(_ value: JsonValue?, limit: Int = CeleryLimits.maxReprBytes) -> String? {
        guard let value, !value.isNull else { return nil }
        return text(value.text(), limit: limit)
    }

    /// An integer of at least 0.
    static func count(_ value: JsonValue?) -> Int? {
        guard let number = value?.integer, number >= 0 else { return nil }
        return Int(number)
    }

    /// A finite number of seconds of at least 0.
    static func seconds(_ value: JsonValue?) -> Double? {
        guard let number = value?.double, number >= 0, number <= CeleryLimits.maxTimestamp else {
            return nil
        }
        return number
    }
}
