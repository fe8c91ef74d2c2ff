import Testing
import WireFormats

struct JsonReaderTests {
    @Test(
        arguments: [
            ("null", JsonValue.null), (" true ", true), ("false", false), ("0", 0), ("-7", -7),
            ("9223372036854775807", 9_223_372_036_854_775_807), ("1.5", 1.5), ("-0.25e2", -25.0),
            ("12345678901234567890123", .bigInteger("12345678901234567890123")),
            (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\ud83d\ude00""#, "é😀"),
            ("[]", []), ("[1, [2]]", [1, [2]]), ("{}", [:]),
            (#"{"b": 1, "a": {"c": []}}"#, ["b": 1, "a": ["c": []]]), ("\"é€😀\"", "é€😀"),
        ] as [(String, JsonValue)])
    func `a valid text is read`(text: String, value: JsonValue) throws {
        #expect(try JsonReader.parse(text, limits: .client) == value)
        #expect(try JsonReader.parse(text, limits: .celery) == value)
        #expect(try JsonReader.parse(value.text(), limits: .celery) == value)
        #expect(try JsonReader.parse(value.text(asciiOnly: true), limits: .celery) == value)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd, 0), ("[1", .unexpectedEnd, 2), ("[1,]", .unexpectedByte, 3),
            ("{\"a\":1,}", .unexpectedByte, 7), ("{a:1}", .unexpectedByte, 1),
            ("01", .badNumber, 0),
            ("1.", .badNumber, 0), ("1e", .badNumber, 0), ("-", .unexpectedEnd, 0),
            ("+1", .unexpectedByte, 0), (".5", .unexpectedByte, 0), ("nul", .unexpectedByte, 0),
            ("1 2", .trailingBytes, 2), ("\"\u{1}\"", .controlCharacter, 1),
            ("\"a", .unexpectedEnd, 2),
            (#""\x""#, .badEscape, 1), (#""\u12g4""#, .badEscape, 1),
            (#""\u12"#, .unexpectedEnd, 5),
            ("\"\\", .unexpectedEnd, 2), ("[1}", .unexpectedByte, 2),
            ("{\"a\" 1}", .unexpectedByte, 5),
            ("[,1]", .unexpectedByte, 1), ("{,}", .unexpectedByte, 1),
            ("tru\0", .unexpectedByte, 0),
        ] as [(String, JsonError.Code, Int)])
    func `a broken text is refused with its place`(
        text: String, code: JsonError.Code, position: Int
    ) {
        #expect(throws: JsonError(code, at: position)) {
            try JsonReader.parse(text, limits: .celery)
        }
        #expect(throws: JsonError(code, at: position)) {
            try JsonReader.parse(text, limits: .client)
        }
    }

    @Test func `Python's dialect is read for Celery and refused for clients`() throws {
        let numbers = try JsonReader.parse("[NaN, Infinity, -Infinity, 1e999]", limits: .celery)
        let doubles = try #require(numbers.array).compactMap(\.double)
        #expect(doubles[0].isNaN)
        #expect(doubles[1...] == [.infinity, -.infinity, .infinity])
        for text in ["NaN", "Infinity", "-Infinity", "1e999"] {
            #expect(throws: JsonError(.nonFiniteNumber, at: 0)) {
                try JsonReader.parse(text, limits: .client)
            }
        }
        for text in [#""\ud800""#, #""\udc00x""#, #""\ud800\u0041""#, #""\ud800\ud800\udc00""#] {
            let read = try #require(try JsonReader.parse(text, limits: .celery).string)
            #expect(read.unicodeScalars.first == "\u{FFFD}")
            #expect(throws: JsonError(.loneSurrogate, at: 1)) {
                try JsonReader.parse(text, limits: .client)
            }
        }
        #expect(try JsonReader.parse(#""\ud800A""#, limits: .celery) == "\u{FFFD}A")
        let bad: [UInt8] = [0x22, 0xFF, 0x41, 0x22]
        #expect(try JsonReader.parse(bad, limits: .celery) == "\u{FFFD}A")
        #expect(throws: JsonError(.invalidUTF8, at: 1)) {
            try JsonReader.parse(bad, limits: .client)
        }
    }

    @Test func `every limit holds at its bound and refuses one more`() throws {
        let limits = JsonLimits(
            maxBytes: 40, maxDepth: 2, maxMembers: 2, maxElements: 3, maxStringBytes: 4,
            isPython: false, refusesDuplicates: true)
        for text in [
            "[[1]]", "{\"a\":{\"b\":1}}", "[1,2,3]", "{\"a\":1,\"b\":2}", "\"abcd\"",
            String(repeating: " ", count: 39) + "1",
        ] {
            #expect(throws: Never.self) { try JsonReader.parse(text, limits: limits) }
        }
        for (text, error) in [
            ("[[[1]]]", JsonError(.tooDeep, at: 2)),
            ("{\"a\":[{}]}", JsonError(.tooDeep, at: 6)),
            ("[1,2,3,4]", JsonError(.tooManyItems, at: 7)),
            ("{\"a\":1,\"b\":2,\"c\":3}", JsonError(.tooManyItems, at: 14)),
            ("\"abcde\"", JsonError(.stringTooLong, at: 1)),
            ("{\"abcde\":1}", JsonError(.stringTooLong, at: 2)),
            ("{\"a\":1,\"\\u0061\":2}", JsonError(.stringTooLong, at: 8)),
            ("{\"a\":1,\"a\":2}", JsonError(.duplicateName, at: 8)),
            (String(repeating: " ", count: 40) + "1", JsonError(.tooLarge, at: 40)),
        ] {
            #expect(throws: error) { try JsonReader.parse(text, limits: limits) }
        }
    }

    @Test func `of a name given twice the last one counts for Celery`() throws {
        let value = try JsonReader.parse(#"{"a":1,"a":2}"#, limits: .celery)
        #expect(value["a"] == 2)
        #expect(throws: JsonError(.duplicateName, at: 8)) {
            try JsonReader.parse(#"{"a":1,"\u0061":2}"#, limits: .client)
        }
    }

    @Test func `nesting far beyond the limit is refused without a deep stack`() {
        let text = String(repeating: "[", count: 1_000_000)
        #expect(throws: JsonError(.tooDeep, at: 64)) {
            try JsonReader.parse(text, limits: .celery)
        }
    }
}
