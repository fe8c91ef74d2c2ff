/// Splits the text of a JSON object into its fields, values left as text.
///
/// Enough for the `extra` of a custom event, which our own decoder wrote; a text that is not an
/// object gives no fields.
enum JSONFields {
    static func split(_ text: String, limit: Int) -> [(name: String, value: String)] {
        let bytes = Array(text.utf8)
        var fields: [(name: String, value: String)] = []
        var at = skipSpace(bytes, 0)
        guard at < bytes.count, bytes[at] == UInt8(ascii: "{") else { return [] }
        at = skipSpace(bytes, at + 1)
        while at < bytes.count, bytes[at] == UInt8(ascii: "\""), fields.count < limit {
            guard let nameEnd = endOfString(bytes, at) else { return fields }
            let name = String(decoding: bytes[(at + 1)..<(nameEnd - 1)], as: UTF8.self)
            at = skipSpace(bytes, nameEnd)
            guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return fields }
            at = skipSpace(bytes, at + 1)
            guard let valueEnd = endOfValue(bytes, at) else { return fields }
            fields.append((name, String(decoding: bytes[at..<valueEnd], as: UTF8.self)))
            at = skipSpace(bytes, valueEnd)
            guard at < bytes.count, bytes[at] == UInt8(ascii: ",") else { return fields }
            at = skipSpace(bytes, at + 1)
        }
        return fields
    }

    private static func skipSpace(_ bytes: [UInt8], _ from: Int) -> Int {
        var at = from
        while at < bytes.count, bytes[at] == 32 || (9...13).contains(bytes[at]) { at += 1 }
        return at
    }

    /// The place after the closing quote.
    private static func endOfString(_ bytes: [UInt8], _ from: Int) -> Int? {
        var at = from + 1
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\\") {
                at += 2
            } else if bytes[at] == UInt8(ascii: "\"") {
                return at + 1
            } else {
                at += 1
            }
        }
        return nil
    }

    /// The place after a value: the next comma or bracket on its own level.
    private static func endOfValue(_ bytes: [UInt8], _ from: Int) -> Int? {
        var at = from
        var depth = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                guard let end = endOfString(bytes, at) else { return nil }
                at = end
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return at > from ? trimmed(bytes, from, at) : nil }
                depth -= 1
            case UInt8(ascii: ","): if depth == 0 { return trimmed(bytes, from, at) }
            default: break
            }
            at += 1
        }
        return nil
    }

    private static func trimmed(_ bytes: [UInt8], _ from: Int, _ to: Int) -> Int {
        var end = to
        while end > from, bytes[end - 1] == 32 || (9...13).contains(bytes[end - 1]) { end -= 1 }
        return end
    }
}
