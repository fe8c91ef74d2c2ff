/// Why bytes are not JSON that we take, and where.
///
/// A plain value without text of the input, so that it costs nothing to throw and can never carry
/// a secret into a log.
package struct JsonError: Error, Sendable, Equatable {
    /// What is wrong.
    package enum Code: Sendable, Equatable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// A byte that cannot stand here.
        case unexpectedByte
        /// A `\` followed by something that is no escape.
        case badEscape
        /// A `\uD800`…`\uDFFF` escape without its partner.
        case loneSurrogate
        /// A number that breaks the grammar.
        case badNumber
        /// `NaN`, an infinity, or a number beyond the range of a double.
        case nonFiniteNumber
        /// A control character below U+0020 inside a string.
        case controlCharacter
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// Deeper nesting than the limit.
        case tooDeep
        /// More members in one object, or elements in one array, than the limit.
        case tooManyItems
        /// A string longer than the limit.
        case stringTooLong
        /// The whole text is longer than the limit.
        case tooLarge
        /// One object has the same name twice.
        case duplicateName
        /// Something follows the value.
        case trailingBytes
    }

    /// What is wrong.
    package var code: Code
    /// Offset in bytes from the start of the text.
    package var position: Int

    /// Makes an error.
    package init(_ code: Code, at position: Int) {
        self.code = code
        self.position = position
    }
}

extension JsonError: CustomStringConvertible {
    /// One clause for people, such as `a number that breaks the grammar at byte 12`.
    package var description: String { "\(summary) at byte \(position)" }

    private var summary: String {
        switch code {
        case .unexpectedEnd: "the text ends inside a value"
        case .unexpectedByte: "a byte that cannot stand here"
        case .badEscape: "a bad escape"
        case .loneSurrogate: "a lone surrogate"
        case .badNumber: "a number that breaks the grammar"
        case .nonFiniteNumber: "a number that is not finite"
        case .controlCharacter: "a bare control character in a string"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .tooDeep: "nesting deeper than the limit"
        case .tooManyItems: "more members than the limit"
        case .stringTooLong: "a string longer than the limit"
        case .tooLarge: "a text longer than the limit"
        case .duplicateName: "a member name given twice"
        case .trailingBytes: "something after the value"
        }
    }
}
