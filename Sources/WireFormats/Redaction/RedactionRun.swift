/// One pass of a ``Redactor`` over a text.
struct RedactionRun {
    private let redactor: Redactor
    /// What was masked so far, and up to where the text was taken over.
    private var output: [UInt8] = []
    private var taken = 0

    /// Spaces looked over between a name and its separator.
    private static let spaces = 8

    init(_ redactor: Redactor) {
        self.redactor = redactor
    }

    /// The text with its secrets masked; `nil` if it has none.
    mutating func masked(_ bytes: Span<UInt8>) -> String? {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") else {
                index += 1
                continue
            }
            index = pass(separatorAt: index, in: bytes)
        }
        guard taken > 0 else { return nil }
        append(bytes, taken, bytes.count)
        return String(decoding: output, as: UTF8.self)
    }

    /// Masks what belongs to a separator.
    ///
    /// - Returns: where to go on, always behind the separator.
    private mutating func pass(separatorAt place: Int, in bytes: Span<UInt8>) -> Int {
        let isEqual = bytes[place] == UInt8(ascii: "=")
        if !isEqual, place + 2 < bytes.count, bytes[place + 1] == UInt8(ascii: "/"),
            bytes[place + 2] == UInt8(ascii: "/")
        {
            return passAuthority(from: place + 3, in: bytes)
        }
        // `==` compares, and `:=` names nothing that was given.
        if isEqual, place + 1 < bytes.count, bytes[place + 1] == UInt8(ascii: "=") {
            return place + 2
        }
        guard redactor.isSecret(nameEndingAt: nameEnd(before: place, in: bytes), in: bytes) else {
            return place + 1
        }
        var start = place + 1
        while start < bytes.count, Self.isBlank(bytes[start]) { start += 1 }
        let end = SecretValue(bytes, from: start, isAssigned: isEqual).end
        guard end > start, !isHarmless(start, end, bytes) else { return max(end, place + 1) }
        mask(start, end, bytes)
        return end
    }

    /// Where the name before a separator ends: before spaces, a quote with its backslashes, and a bracket.
    private func nameEnd(before place: Int, in bytes: Span<UInt8>) -> Int {
        var end = place
        let first = max(0, place - Self.spaces)
        while end > first, Self.isBlank(bytes[end - 1]) { end -= 1 }
        if end > 0, bytes[end - 1] == UInt8(ascii: "]") { end -= 1 }
        if end > 0, SecretValue.isQuote(bytes[end - 1]) {
            end -= 1
            while end > first, bytes[end - 1] == UInt8(ascii: "\\") { end -= 1 }
        }
        return end
    }

    /// `user:password@` of a URL, from behind its `://`.
    private mutating func passAuthority(from start: Int, in bytes: Span<UInt8>) -> Int {
        var index = start
        var colon: Int?
        var at: Int?
        while index < bytes.count, !Self.endsAuthority(bytes[index]) {
            if bytes[index] == UInt8(ascii: "@") { at = index }
            if bytes[index] == UInt8(ascii: ":"), colon == nil { colon = index }
            index += 1
        }
        guard let at, let colon, colon + 1 < at else { return index }
        mask(colon + 1, at, bytes)
        return at
    }

    /// Words that are no secret: nothing, yes and no.
    private func isHarmless(_ start: Int, _ end: Int, _ bytes: Span<UInt8>) -> Bool {
        guard end - start <= 5 else { return false }
        return ["None", "null", "True", "False", "true", "false"].contains {
            $0.utf8.count == end - start && starts($0, at: start, in: bytes)
        }
    }

    private func starts(_ word: String, at place: Int, in bytes: Span<UInt8>) -> Bool {
        guard place + word.utf8.count <= bytes.count else { return false }
        return word.utf8.enumerated().allSatisfy { bytes[place + $0.offset] == $0.element }
    }

    private mutating func mask(_ start: Int, _ end: Int, _ bytes: Span<UInt8>) {
        append(bytes, taken, start)
        output.append(contentsOf: Redactor.mask.utf8)
        taken = end
    }

    private mutating func append(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) {
        output.reserveCapacity(output.count + end - start)
        for index in start..<end { output.append(bytes[index]) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"),
            UInt8(ascii: ","), UInt8(ascii: "'"), UInt8(ascii: "\""):
            true
        default: false
        }
    }
}
