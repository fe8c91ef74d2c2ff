import Testing
import WireFormats

struct JsonWriterTests {
    private func text(_ writer: JsonWriter) -> String {
        String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `commas and colons set themselves`() {
        var writer = JsonWriter()
        writer.beginObject()
        writer.member("a", 1)
        writer.name("b")
        writer.beginArray()
        writer.integer(Int8.min)
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.bool(true)
        writer.endArray()
        writer.member("c", "x" as String?)
        writer.member("d", nil as String?)
        writer.name("e")
        writer.raw(Array("[1]".utf8))
        writer.rawName(Array("\"f\"".utf8))
        writer.base64([1, 2])
        writer.member("g", 1.5 as Double?)
        writer.endObject()

        #expect(
            text(writer)
                == #"{"a":1,"b":[-128,{},null,true],"c":"x","d":null,"e":[1],"f":"AQI=","g":1.5}"#)
    }

    @Test(arguments: [
        ("plain", #""plain""#, #""plain""#), ("q\"s\\", #""q\"s\\""#, #""q\"s\\""#),
        ("\n\t\u{0}\u{1F}\u{7F}", "\"\\n\\t\\u0000\\u001f\u{7F}\"", #""\n\t\u0000\u001f\u007f""#),
        ("é€😀", "\"é€😀\"", #""\u00e9\u20ac\ud83d\ude00""#), ("", "\"\"", "\"\""),
    ])
    func `text is escaped`(input: String, utf8: String, ascii: String) {
        #expect(JsonValue.string(input).text() == utf8)
        #expect(JsonValue.string(input).text(asciiOnly: true) == ascii)
    }

    @Test func `numbers read back the same and what is not finite is null`() throws {
        for number in [
            0.0, -0.0, 1.5, 1e300, Double.leastNonzeroMagnitude, 1795460972.8949387, .pi, 1e16,
            123456789.0,
        ] {
            let written = JsonValue.number(number).text()
            #expect(try JsonReader.parse(written, limits: .client) == .number(number))
        }
        for number in [Double.nan, .infinity, -.infinity] {
            #expect(JsonValue.number(number).text() == "null")
        }
        for number in [Int64.min, -1, 0, 9, 10, .max] {
            #expect(JsonValue.integer(number).text() == "\(number)")
        }
        #expect(JsonValue.bigInteger("123456789012345678901").text() == "123456789012345678901")
    }

    @Test func `a random tree survives writing and reading`() throws {
        var generator = SeededGenerator(7)
        for _ in 0..<5000 {
            let value = generator.jsonValue(depth: 4)
            let written = value.text(asciiOnly: generator.chance(2))
            #expect(try JsonReader.parse(written, limits: .celery) == value)
        }
    }
}
