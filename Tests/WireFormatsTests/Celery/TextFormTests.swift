import Foundation
import Testing
import WireFormats

struct TextFormTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0.0), ("2026-11-23T19:26:05.316335+00:00", 1_795_461_965.316335),
        ("2026-11-23T19:26:05+05:30", 1_795_442_165), ("2026-11-23 19:26:05-0100", 1_795_465_565),
        ("2000-02-29T12:00:00Z", 951_825_600), ("1969-12-31T23:59:59Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func `ISO times are read`(text: String, seconds: Double) throws {
        #expect(abs(try #require(IsoTime.seconds(text)) - seconds) < 1e-6)
    }

    @Test(arguments: [
        "", "now", "5", "2026-11-23", "2026-11-23T19:26:05", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0", "é026-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
    ])
    func `what is no full time with a zone is refused`(text: String) {
        #expect(IsoTime.seconds(text) == nil)
    }

    @Test func `random times survive writing and reading`() throws {
        var generator = SeededGenerator(9)
        for _ in 0..<20_000 {
            let micros =
                Int64(generator.below(315_537_897_599)) * 1_000_000
                + Int64(generator.below(1_000_000))
            let time = Double(micros) / 1_000_000 - 62_135_596_800
            let back = try #require(IsoTime.seconds(IsoTime.text(time)))
            #expect(abs(back - time) < 1e-4)
        }
        #expect(IsoTime.text(1_795_461_965.5) == "2026-11-23T19:26:05.500000+00:00")
        #expect(IsoTime.text(-0.5) == "1969-12-31T23:59:59.500000+00:00")
        for wild in [Double.nan, .infinity, -1e300, 1e300] {
            #expect(IsoTime.seconds(IsoTime.text(wild)) != nil)
        }
    }

    // What Python 3.11 prints.
    @Test(
        arguments: [
            ([], "()"), ([1], "(1,)"), ([1, 2.5], "(1, 2.5)"),
            ([nil, true, false], "(None, True, False)"),
            (["it's"], #"("it's",)"#), ([#"a'b"c"#], #"('a\'b"c',)"#),
            (["\n\t\\\u{0}\u{7F}"], #"('\n\t\\\x00\x7f',)"#),
            (["é€😀\u{A0}\u{200B}\u{E000}"], #"('é€😀\xa0\u200b\ue000',)"#),
            ([[1, ["a": []]]], "([1, {'a': []}],)"),
        ] as [([JsonValue], String)])
    func `values are shown as Python shows them`(values: [JsonValue], text: String) {
        #expect(PythonRepr.tuple(values) == text)
    }

    @Test func `repr texts are cut at their bound`() {
        let exact = PythonRepr.tuple([.string(String(repeating: "x", count: 1024 - 5))])
        #expect(exact.count == 1024)
        #expect(exact.hasSuffix("x',)"))
        let over = PythonRepr.tuple([.string(String(repeating: "x", count: 1024 - 4))])
        #expect(over.count == 1024)
        #expect(over.hasSuffix("x..."))
        #expect(
            PythonRepr.dictionary([JsonMember("a", 1), JsonMember("b", "c")])
                == "{'a': 1, 'b': 'c'}")
        #expect(PythonRepr.value("abcdef", limit: 2) == "..")
    }

    @Test func `secrets in settings are masked`() {
        let value: JsonValue = [
            "master_name": "m", "sentinel_kwargs": ["password": "hidden", "ssl": true],
            "url": "redis://user:hidden@h/0;redis://:hidden@b/1 and redis://plain@h",
            "n": [1, "a://x:hidden@y"],
            "AWS_SECRET": "hidden", "auth": ["hidden"], "routing_key": "celery",
        ]
        let text = SecretMask.masked(value, name: "broker_transport_options").text()
        #expect(!text.contains("hidden"))
        #expect(
            text.contains("redis://user:********@h/0;redis://:********@b/1 and redis://plain@h"))
        #expect(text.contains(#""routing_key":"celery""#))
        #expect(text.contains(#""ssl":true"#))
    }
}
