/// Where a value ends that begins at a place of a text: a quoted text, something in brackets, or words. A
/// text that was cut within it ends it.
struct SecretValue {
    /// The place behind it.
    private(set) var end: Int

    /// Finds the end of a value.
    ///
    /// - Parameters:
    ///   - start: its first byte.
    ///   - isAssigned: whether it stands behind `=`: then it ends with the word, else with the line.
    init(_ bytes: Span<UInt8>, from start: Int, isAssigned: Bool) {
        end = start
        if let quoted = Self.quoted(bytes, from: Self.opening(bytes, from: start)) {
            end = quoted
            return
        }
        var depth = 0
        while end < bytes.count {
            let byte = bytes[end]
            if Self.isQuote(byte) {
                guard depth > 0, let behind = Self.quoted(bytes, from: end) else { return }
                end = behind
                continue
            }
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth < 0 { return }
            case _ where depth == 0 && Self.ends(byte, isAssigned): return
            default: break
            }
            end += 1
        }
    }

    static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
    }

    /// Behind the letters that may stand before a quote, as in `b'…'`.
    private static func opening(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, index < start + 2, "bBrRuUfF".utf8.contains(bytes[index]) {
            index += 1
        }
        return index < bytes.count && isQuote(bytes[index]) ? index : start
    }

    /// The place behind a quoted text; `nil` if none begins here. Its quotes may themselves be escaped, in a
    /// text within a text: then those with no more backslashes end it.
    private static func quoted(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] == UInt8(ascii: "\\") { index += 1 }
        guard index < bytes.count, isQuote(bytes[index]) else { return nil }
        let (quote, depth) = (bytes[index], index - start)
        index += 1
        var slashes = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote, depth == 0 ? slashes % 2 == 0 : slashes <= depth { return index + 1 }
            slashes = byte == UInt8(ascii: "\\") ? slashes + 1 : 0
            index += 1
        }
        return index
    }

    private static func ends(_ byte: UInt8, _ isAssigned: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "&"), UInt8(ascii: ";"):
            isAssigned
        default: false
        }
    }
}
