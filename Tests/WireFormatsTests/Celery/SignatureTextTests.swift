import Testing
import WireFormats

struct SignatureTextTests {
    @Test(
        arguments: [
            ("math.add", ["task": "math.add"]),
            (" math.add ( 1 ) ", nil),
            ("math.add()", ["task": "math.add"]),
            ("math.add( 1 , 2, )", ["task": "math.add", "args": [1, 2]]),
            (
                #"mail.send("a, (b)=c", retry=true, to=["x", {"y": 1}])"#,
                [
                    "task": "mail.send", "args": ["a, (b)=c"],
                    "kwargs": ["retry": true, "to": ["x", ["y": 1]]],
                ]
            ),
            (
                #"x('it\'s', None, flag=True) queue=mail priority=0 immutable"#,
                [
                    "task": "x", "args": ["it's", nil], "kwargs": ["flag": true], "queue": "mail",
                    "priority": 0, "immutable": true,
                ]
            ),
            ("x immutable queue=a=b", ["task": "x", "immutable": true, "queue": "a=b"]),
            (#"x("=", a = 1)"#, ["task": "x", "args": ["="], "kwargs": ["a": 1]]),
            (#"x("\"", "\\")"#, ["task": "x", "args": ["\"", "\\"]]),
        ] as [(String, JsonValue)])
    func `a task is read as it would be called`(text: String, value: JsonValue) throws {
        guard value != .null else {
            #expect(throws: CeleryError.self) { try SignatureText.value(text) }
            return
        }
        #expect(try SignatureText.value(text) == value)
    }

    @Test(arguments: [
        ("", "must begin with the name of a task"), ("(1)", "must begin with the name"),
        ("'x'", "must begin with the name"), ("{\"task\": 1}", "must begin with the name"),
        ("x(1", "misses the )"), ("x(]", "misses the )"), ("x('a", "misses the end of a text"),
        ("x(a)", "argument 1 is neither JSON nor a Python literal"),
        ("x(1,,2)", "argument 2 is neither"), ("x(k=)", "k is neither"),
        ("x(k=1, 2)", "argument 2 must have a name"), ("x(k=1, k=2)", "k is given twice"),
        ("x priority=10", "priority must be from 0"), ("x priority=a", "priority must be from 0"),
        ("x queue=", "queue= is not known"), ("x countdown=3", "countdown=3 is not known"),
        ("x()(2)", "(2) is not known"), ("x queue=a queue=b", "queue is given twice"),
    ])
    func `what is wrong is told`(text: String, said: String) {
        let fault = #expect(throws: CeleryError.self) { try SignatureText.value(text) }
        #expect(fault?.description.contains(said) == true, "\(String(describing: fault))")
    }

    @Test func `the longest text is read, and none longer`() throws {
        let most = "x(\"" + String(repeating: "a", count: SignatureText.maxBytes - 5) + "\")"
        #expect(most.utf8.count == SignatureText.maxBytes)
        _ = try SignatureText.value(most)
        #expect(throws: CeleryError.self) { try SignatureText.value(most + " ") }
    }

    @Test func `any text is read or refused`() {
        var generator = SeededGenerator(7)
        let pieces = [
            "x", "(", ")", "[", "]", "{", "}", "'", "\"", "\\", ",", "=", " ", "1", "é", "queue=q",
        ]
        var read = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<12, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
            if let value = try? SignatureText.value(text) {
                read += 1
                #expect(value["task"]?.string?.isEmpty == false)
            }
        }
        #expect(read > 100)
    }
}
