import Testing

@testable import WireFormats

@Suite struct RedactorTests {
    private static let m = Redactor.mask

    static let texts: [(String, String)] = [
        // Python's repr, nested, cut, and with quotes of both kinds.
        ("{'password': 'hunter2', 'n': 1}", "{'password': \(m), 'n': 1}"),
        ("{'n': 1, 'password': \"it's\"}", "{'n': 1, 'password': \(m)}"),
        (#"{'password': 'a\'b', 'n': 1}"#, "{'password': \(m), 'n': 1}"),
        (#"{'password': 'a\\', 'n': 1}"#, "{'password': \(m), 'n': 1}"),
        ("{'user': {'api_key': 'k', 'name': 'ada'}}", "{'user': {'api_key': \(m), 'name': 'ada'}}"),
        ("{'token': {'a': [1, '}'], 'b': (2,)}, 'n': 1}", "{'token': \(m), 'n': 1}"),
        ("{'password': 'hunt…", "{'password': \(m)"),
        ("{'token': ['a', 'b", "{'token': \(m)"),
        ("{'password': b'raw', 'n': 1}", "{'password': \(m), 'n': 1}"),
        ("{'pin_secret': 1234}", "{'pin_secret': \(m)}"),
        ("(Login(user='ada', password='x y'), 2)", "(Login(user='ada', password=\(m)), 2)"),
        ("Login(password=SecretStr('x, y'), n=1)", "Login(password=\(m), n=1)"),
        // JSON, also within another text.
        (#"{"Access-Token":"abc","n":1}"#, #"{"Access-Token":\#(m),"n":1}"#),
        (#"'{\"password\": \"a b\", \"n\": 1}'"#, #"'{\"password\": \#(m), \"n\": 1}'"#),
        (#""{\"token\": \"a\\\"b\", \"n\": 1}""#, #""{\"token\": \#(m), \"n\": 1}""#),
        // Source lines, query strings, headers, environments.
        ("    password = 'x'\n    n = 1", "    password = \(m)\n    n = 1"),
        ("os.environ['DB_PASSWORD'] = 'x'", "os.environ['DB_PASSWORD'] = \(m)"),
        ("GET /a?access_token=abc&n=1", "GET /a?access_token=\(m)&n=1"),
        ("DB_PASSWORD=abc def", "DB_PASSWORD=\(m) def"),
        ("Authorization: Bearer abc\nHost: h", "Authorization: \(m)\nHost: h"),
        ("['Authorization: Bearer abc', 'Host: h']", "['Authorization: \(m)', 'Host: h']"),
        ("Cookie: a=b; c=d", "Cookie: \(m)"),
        // URLs.
        ("redis://u:p4ss@h:1/0", "redis://u:\(m)@h:1/0"),
        ("('redis://:p4ss@h', 'amqp://a:b@c')", "('redis://:\(m)@h', 'amqp://a:\(m)@c')"),
        // A name in any spelling, at the end of another.
        ("PASSWORD: x", "PASSWORD: \(m)"), ("apiKey: x", "apiKey: \(m)"),
        ("x-api-key: x", "x-api-key: \(m)"), ("db.password=x", "db.password=\(m)"),
    ]

    @Test(arguments: texts)
    func `the value behind a secret's name is masked`(text: String, masked: String) {
        #expect(Redactor.standard.redacted(text) == masked)
        // What was masked once stays as it is.
        #expect(Redactor.standard.redacted(masked) == masked)
    }

    @Test(arguments: [
        "", ":", "=", "::", "= =", "password", "password:", "password=", "'password': ", "()",
        "{'max_tokens': 100, 'tokenizer': 'x', 'passwords_changed': 3}",
        "{'password': None, 'token': False, 'secret': null}", "if token == other: pass",
        "{'n': 1, 'when': '12:30:05', 'url': 'https://h/a?b=c@d'}", "http://h:80/a@b",
        "{'a': 'password'}", "x != password", "a:b=c:d",
    ])
    func `other texts stay as they are`(text: String) {
        #expect(Redactor.standard.redacted(text) == text)
    }

    @Test func `a masked text is no literal that could be run again`() {
        let text = Redactor.standard.redacted("{'password': 'x'}")

        #expect(PythonLiteral.value("{'password': 'x'}") != nil)
        #expect(PythonLiteral.value(text) == nil)
    }

    @Test func `values are masked by the names of their members, and stay JSON`() throws {
        let value = try JsonReader.parse(
            #"{"password":"x","token":null,"secret":true,"n":{"api_key":[1],"a":"redis://u:p@h"},"l":["pwd=x"]}"#,
            limits: .client)

        #expect(
            Redactor.standard.redacted(value).text()
                == #"{"password":"\#(Self.m)","token":null,"secret":true,"n":{"api_key":"\#(Self.m)","a":"redis://u:\#(Self.m)@h"},"l":["pwd=\#(Self.m)"]}"#
        )
        #expect(Redactor.standard.redacted(.string("x"), name: "password") == .string(Self.m))
    }

    @Test func `names are what was given, with or without the standard ones`() throws {
        let own = try #require(Redactor(patterns: ["iban", "Tax-No*"]))
        #expect(
            own.redacted("iban=1 password=2 my_iban=3")
                == "iban=\(Self.m) password=2 my_iban=\(Self.m)")
        #expect(
            own.redacted("ibans=1 taxno=2 the_tax_no_of=3")
                == "ibans=1 taxno=\(Self.m) the_tax_no_of=\(Self.m)")
        let both = try #require(Redactor(patterns: ["standard", "iban"]))
        #expect(both.redacted("iban=1 password=2") == "iban=\(Self.m) password=\(Self.m)")
        let none = try #require(Redactor(patterns: []))
        #expect(none.redacted("password=1 redis://u:p@h") == "password=1 redis://u:p@h")
        #expect(own.isSecret("IBAN") && own.isSecret("x_tax-no_y") && !own.isSecret("ban"))
    }

    @Test(arguments: [
        (["ab"], true), (["a"], false), ([""], false), (["*"], false), (["a*b*"], false),
        (["pass word"], false), (["pässe"], false), (["_-"], false),
        ([String(repeating: "x", count: Redactor.nameBytes)], true),
        ([String(repeating: "x", count: Redactor.nameBytes + 1)], false),
        (Array(repeating: "ab", count: Redactor.names), true),
        (Array(repeating: "ab", count: Redactor.names + 1), false),
    ])
    func `a name has its bounds`(names: [String], isTaken: Bool) {
        #expect((Redactor(patterns: names) != nil) == isTaken)
    }

    @Test func `of a long name its end counts`() {
        let text = String(repeating: "x", count: 10_000) + "password=1"

        #expect(Redactor.standard.redacted(text).hasSuffix("password=\(Self.m)"))
    }

    /// Texts made to be looked at again and again: a pass whose time grew with their square would take more
    /// than an hour.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            "password=", "'password': '", "token:[", "password=\\", "a:", "=", "x://", "x://u:",
            "'\\", "password='\\\\", "]'\\\\\\=", String(repeating: "token_", count: 20) + "=",
        ])
    func `the time is linear in the text`(piece: String) {
        let text = String(repeating: piece, count: (512 << 10) / piece.utf8.count)

        let masked = Redactor.standard.redacted(text)

        #expect(masked.utf8.count <= 2 * text.utf8.count)
    }
}
