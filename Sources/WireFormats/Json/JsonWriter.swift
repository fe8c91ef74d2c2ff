/// Writes JSON text into a growing array of bytes.
///
/// Sets commas and colons itself; the caller sees to it that every `begin…` has its `end…` and every
/// `name` its value:
///
///     var writer = JsonWriter()
///     writer.beginObject()
///     writer.member("id", 7)
///     writer.name("rows"); writer.beginArray(); writer.string("a"); writer.endArray()
///     writer.endObject()          // {"id":7,"rows":["a"]}
///
/// A number that is not finite is written as `null`: JSON has no other word for it.
package struct JsonWriter: Sendable {
    /// The text so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private let isASCII: Bool

    /// Makes a writer with no text.
    ///
    /// - Parameters:
    ///   - isASCII: whether everything above ASCII is escaped, as Python does.
    ///   - capacity: bytes to set aside.
    package init(asciiOnly isASCII: Bool = false, capacity: Int = 256) {
        self.isASCII = isASCII
        bytes.reserveCapacity(capacity)
    }

    /// Forgets the text and keeps its memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Opens an object.
    package mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Closes the object.
    package mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Opens an array.
    package mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Closes the array.
    package mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes the name of the next member.
    package mutating func name(_ name: String) {
        separate()
        JsonEscaping.append(name, asciiOnly: isASCII, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a name whose bytes are already escaped and quoted, such as `"id"`.
    package mutating func rawName(_ quoted: [UInt8]) {
        separate()
        bytes.append(contentsOf: quoted)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes text.
    package mutating func string(_ text: String) {
        separate()
        JsonEscaping.append(text, asciiOnly: isASCII, to: &bytes)
    }

    /// Writes an integer.
    package mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        JsonEscaping.appendDecimal(Int64(clamping: value), to: &bytes)
    }

    /// Writes a number in the shortest form that reads back the same; `null` if it is not finite.
    package mutating func number(_ value: Double) {
        separate()
        guard value.isFinite else {
            bytes.append(contentsOf: "null".utf8)
            return
        }
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes `true` or `false`.
    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes one value that is JSON text already.
    package mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes one value that is JSON text already.
    package mutating func raw(_ json: ArraySlice<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes bytes as a base64 string.
    package mutating func base64(_ content: [UInt8]) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Base64.encode(content.span, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a tree.
    package mutating func value(_ value: JsonValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .number(let value): number(value)
        case .bigInteger(let digits): raw(Array(digits.utf8))
        case .string(let text): string(text)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for member in members { self.member(member.name, member.value) }
            endObject()
        }
    }
}

extension JsonWriter {
    /// Writes a member.
    package mutating func member(_ name: String, _ value: JsonValue) {
        self.name(name)
        self.value(value)
    }

    /// Writes a member of text, `null` for nil.
    package mutating func member(_ name: String, _ text: String?) {
        self.name(name)
        if let text { string(text) } else { null() }
    }

    /// Writes an integer member, `null` for nil.
    package mutating func member(_ name: String, _ value: Int?) {
        self.name(name)
        if let value { integer(value) } else { null() }
    }

    /// Writes a number member, `null` for nil.
    package mutating func member(_ name: String, _ value: Double?) {
        self.name(name)
        if let value { number(value) } else { null() }
    }

    /// Writes a truth member, `null` for nil.
    package mutating func member(_ name: String, _ value: Bool?) {
        self.name(name)
        if let value { bool(value) } else { null() }
    }
}
