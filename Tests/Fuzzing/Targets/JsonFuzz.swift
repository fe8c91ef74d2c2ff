import WireFormats

/// What is read and written again is read as the same value, escaped or not. The first byte chooses the
/// dialect.
func fuzzJson(_ bytes: [UInt8]) throws(Violation) {
    let isPython = bytes.first.map { $0 & 1 == 1 } ?? false
    let limits = isPython ? JsonLimits.celery : .client
    guard let value = try? JsonReader.parse(Array(bytes.dropFirst()), limits: limits) else {
        return
    }
    // Escapes make a text longer, so the bounds of the second reading are wider.
    var wide = limits
    wide.maxBytes *= 8
    wide.maxStringBytes *= 8
    for isASCII in [false, true] {
        let text = value.text(asciiOnly: isASCII)
        guard let again = try? JsonReader.parse(text, limits: wide) else {
            throw Violation("what was written is not read again")
        }
        // Python's NaN is written as null, so that dialect is compared by its text.
        let holds = isPython ? again.text(asciiOnly: isASCII) == text : again == value
        try expect(holds, "another value is read from what was written")
    }
}
