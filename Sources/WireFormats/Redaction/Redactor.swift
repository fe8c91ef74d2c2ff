/// Takes the values of secrets out of texts that users wrote: what stands behind a name such as `password`
/// in a call's arguments, a result, an exception or a traceback, and the passwords of URLs.
///
/// Texts are of any form: Python's repr, JSON (also as a string within another text), `name=value` of a
/// source line or a query string, `Authorization: Bearer …` of a header. No regular expression: a name is looked
/// for before each `:` and `=`, never further back than ``nameBytes``, and a value is passed once; so the time
/// is linear in the text's length, whatever it is.
package struct Redactor: Sendable, Equatable {
    /// What stands for a value. Without quotes in texts, so that nobody takes it for the value: a text with
    /// it reads neither as Python's literal nor as JSON.
    package static let mask = "********"
    /// Names that are secret if nobody says otherwise.
    package static let standardNames = [
        "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey",
        "privatekey", "authorization", "credential", "credentials", "cookie",
    ]
    /// Names at most, and their letters and digits.
    package static let names = 64
    /// Letters and digits of one name; of a longer one in a text its last so many count.
    package static let nameBytes = 64
    /// Those of ``standardNames``.
    package static let standard = Redactor(names: standardNames)

    /// A name: its letters and digits in lower case, from the last to the first.
    private struct Name: Equatable {
        let reversed: [UInt8]
        /// Whether others may stand behind it: `token*`.
        let isOpen: Bool
    }

    private let closed: [Name]
    private let open: [Name]
    /// The last bytes of the closed names, as two halves of a set: most names in texts are passed by one look.
    private let lastBytes: [UInt64]

    /// Makes a redactor of names that ``init(patterns:)`` takes.
    private init(names: [String]) {
        let all = names.compactMap(Self.name)
        closed = all.filter { !$0.isOpen }
        open = all.filter(\.isOpen)
        lastBytes = closed.reduce(into: [0, 0]) { set, name in
            set[Int(name.reversed[0] >> 6)] |= 1 << UInt64(name.reversed[0] & 63)
        }
    }

    /// Makes a redactor.
    ///
    /// - Parameter patterns: names; a name in a text is secret if it ends with one of them, or contains one
    ///   that ends with `*`. Neither case nor `_`, `-` and `.` count. `standard` is all of ``standardNames``.
    /// - Returns: `nil` if there are too many, or one is none.
    package init?(patterns: [String]) {
        let named = patterns.flatMap { $0 == "standard" ? Self.standardNames : [$0] }
        guard named.count <= Self.names, named.allSatisfy({ Self.name($0) != nil }) else {
            return nil
        }
        self.init(names: named)
    }

    private static func name(_ pattern: String) -> Name? {
        let isOpen = pattern.hasSuffix("*")
        let letters = (isOpen ? pattern.dropLast() : pattern[...]).utf8.filter { !isIgnored($0) }
        guard 2...nameBytes ~= letters.count, letters.allSatisfy(isLetter) else { return nil }
        return Name(reversed: letters.reversed().map(lowered), isOpen: isOpen)
    }

    /// Whether there is anything to look for.
    var isIdle: Bool { closed.isEmpty && open.isEmpty }

    /// Whether the value of a name is secret.
    package func isSecret(_ name: String) -> Bool {
        let bytes = name.utf8Span.span
        return isSecret(nameEndingAt: bytes.count, in: bytes)
    }

    /// Whether what ends before a place is a secret's name.
    @inline(__always)
    func isSecret(nameEndingAt end: Int, in bytes: Span<UInt8>) -> Bool {
        guard end > 0 else { return false }
        let last = Self.lowered(bytes[end - 1])
        guard last < 128 else { return false }
        let mayEnd = lastBytes[Int(last >> 6)] >> UInt64(last & 63) & 1 == 1
        guard mayEnd || !open.isEmpty else { return false }
        return compare(end, bytes)
    }

    @inline(never)
    private func compare(_ end: Int, _ bytes: Span<UInt8>) -> Bool {
        for name in closed where Self.ends(at: end, in: bytes, with: name.reversed) { return true }
        guard !open.isEmpty else { return false }
        let letters = Self.letters(before: end, in: bytes)
        return open.contains { Self.contains(letters, $0.reversed) }
    }

    /// Whether the letters before a place are these, the last one first; those that do not count are passed.
    private static func ends(at end: Int, in bytes: Span<UInt8>, with name: [UInt8]) -> Bool {
        var index = end - 1
        var found = 0
        let first = max(0, end - 2 * nameBytes)
        while index >= first, found < name.count {
            let byte = bytes[index]
            if lowered(byte) == name[found] {
                found += 1
            } else if !isIgnored(byte) || found == 0 {
                return false
            }
            index -= 1
        }
        return found == name.count
    }

    /// The letters of the name before a place, the last one first.
    private static func letters(before end: Int, in bytes: Span<UInt8>) -> [UInt8] {
        var letters: [UInt8] = []
        letters.reserveCapacity(nameBytes)
        var index = end - 1
        let first = max(0, end - 2 * nameBytes)
        while index >= first, letters.count < nameBytes {
            let byte = bytes[index]
            if isLetter(byte) {
                letters.append(lowered(byte))
            } else if !isIgnored(byte) {
                break
            }
            index -= 1
        }
        return letters
    }

    /// Both are bounded, and so is the time.
    private static func contains(_ letters: [UInt8], _ name: [UInt8]) -> Bool {
        guard letters.count >= name.count else { return false }
        return (0...letters.count - name.count).contains { start in
            letters[start...].starts(with: name)
        }
    }

    static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private static func isIgnored(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        0x41...0x5A ~= byte ? byte | 0x20 : byte
    }
}

extension Redactor {
    /// The text without the values of secrets; itself if it has none.
    package func redacted(_ text: String) -> String {
        guard !isIdle else { return text }
        let bytes = text.utf8Span.span
        guard Self.mayTell(bytes) else { return text }
        var run = RedactionRun(self)
        return run.masked(bytes) ?? text
    }

    /// The text without the values of secrets, if there is one.
    package func redacted(_ text: String?) -> String? { text.map { redacted($0) } }

    /// The value with what the names within it call secret masked, and its texts likewise.
    ///
    /// - Parameter name: the name of the member that it is the value of.
    package func redacted(_ value: JsonValue, name: String = "") -> JsonValue {
        guard !isIdle else { return value }
        if isSecret(name), !value.isNull, value.bool == nil { return .string(Self.mask) }
        switch value {
        case .string(let text): return .string(redacted(text))
        case .array(let elements): return .array(elements.map { redacted($0) })
        case .object(let members):
            return .object(
                members.map { JsonMember($0.name, redacted($0.value, name: $0.name)) })
        default: return value
        }
    }

    /// Whether there is a `:` or a `=` at all; most texts have none.
    static func mayTell(_ bytes: Span<UInt8>) -> Bool {
        ByteSearch.contains(bytes, UInt8(ascii: ":"), or: UInt8(ascii: "="))
    }
}
