import Testing
import WireFormats

struct PythonLiteralTests {
    @Test(
        arguments: [
            ("()", []), ("(1,)", [1]), ("(1, 'a')", [1, "a"]), ("[]", []), ("[1, 2]", [1, 2]),
            ("{}", [:]), ("{'a': None, 'b': (True, False)}", ["a": nil, "b": [true, false]]),
            ("1.5", 1.5), ("-3", -3), ("1e+16", 1e16), ("'it\\'s'", "it's"), ("\"it's\"", "it's"),
            (#"'\n\t\\\x00\u2028\U0001d11e'"#, "\n\t\\\u{0}\u{2028}𝄞"), (" ( 1 , ) ", [1]),
            ("123456789012345678901234567890", .bigInteger("123456789012345678901234567890")),
        ] as [(String, JsonValue)])
    func `plain values are read`(text: String, value: JsonValue) {
        #expect(PythonLiteral.value(text) == value)
    }

    @Test(arguments: [
        "", "(1)", "(1", "[1, 2", "(1,) 2", "{'a'}", "{1: 2}", "{'a': 1 'b': 2}", "'abc", "nan",
        "<object at 0x7f>", "datetime(2026, 1, 1)", "b'bytes'", "u'x'", "Nonesense", "+1", "0x10",
        "'cut...", "('whole...',)", "[1, ...]", "[,]", #"'\q'"#, #"'\ud800'"#, "--1", "1,",
    ])
    func `what is not certain is refused`(text: String) {
        #expect(PythonLiteral.value(text) == nil, "\(text)")
    }

    @Test func `what repr writes is read back`() {
        var generator = SeededGenerator(5)
        var compared = 0
        for _ in 0..<5_000 {
            let value = Self.value(&generator, depth: 0)
            let text = PythonRepr.value(value, limit: 4_000)
            guard !text.contains("...") else { continue }
            #expect(PythonLiteral.value(text) == value, "\(text)")
            compared += 1
        }
        #expect(compared > 4_000)
    }

    private static func value(_ generator: inout SeededGenerator, depth: Int) -> JsonValue {
        switch Int.random(in: 0..<(depth > 3 ? 6 : 8), using: &generator) {
        case 0: return nil
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .number(Double.random(in: -1e9...1e9, using: &generator))
        case 4, 5: return .string(text(&generator))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                    value(&generator, depth: depth + 1)
                })
        default:
            return .object(
                (0..<Int.random(in: 0..<4, using: &generator)).map {
                    JsonMember(
                        "\(text(&generator))\($0)", value(&generator, depth: depth + 1))
                })
        }
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        let letters: [Unicode.Scalar] = [
            "a", "'", "\"", "\\", "\n", "\r", "\t", "\u{0}", "ü", "𝄞", "\u{2028}", "\u{AD}", " ",
            ".",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<6, using: &generator) {
            if let letter = letters.randomElement(using: &generator) { text.append(letter) }
        }
        return String(text)
    }

    @Test(arguments: [PythonLiteral.maxBytes, PythonLiteral.maxBytes + 1])
    func `the length is bounded`(bytes: Int) {
        let text = "'" + String(repeating: "x", count: bytes - 2) + "'"
        #expect((PythonLiteral.value(text) != nil) == (bytes <= PythonLiteral.maxBytes))
    }

    @Test(arguments: [CeleryLimits.maxArgumentDepth, CeleryLimits.maxArgumentDepth + 1])
    func `the depth is bounded`(depth: Int) {
        let text =
            String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        #expect((PythonLiteral.value(text) != nil) == (depth <= CeleryLimits.maxArgumentDepth))
    }
}
