import Testing

@testable import WireFormats

struct InternTableTests {
    /// The text that a table gives for a JSON string, and how many were made for it.
    private func read(_ text: String, _ table: inout InternTable) throws -> (String, made: Int) {
        let json = Array("\"\(text)\"".utf8)
        var made = 0
        let found = try JsonScanner.scan(json.span, maxDepth: 1) {
            (scanner) throws(JsonError) -> String in
            let slice = try scanner.scanValue(depth: 0)
            return table.text(slice, scanner) {
                made += 1
                return $0
            }
        }
        return (found, made)
    }

    @Test func `a text is itself, however many others came since`() throws {
        var table = InternTable(places: 4)
        let texts = (0..<64).map { "text number \($0) of some" }

        for _ in 0..<3 {
            for text in texts { #expect(try read(text, &table).0 == text) }
        }
    }

    @Test(arguments: [(15, false), (16, true), (128, true), (129, false)])
    func `a text that is worth it is made once`(bytes: Int, isKept: Bool) throws {
        var table = InternTable(places: 4)
        let text = String(repeating: "x", count: bytes)

        let first = try read(text, &table)
        let second = try read(text, &table)

        #expect(first.0 == text && second.0 == text)
        #expect(first.made == 1)
        #expect(second.made == (isKept ? 0 : 1))
    }

    @Test func `texts alike at both ends are told apart`() throws {
        var table = InternTable(places: 1)
        let one = "12345678-a-12345678"
        let other = "12345678-b-12345678"

        for text in [one, other, one, one, other] { #expect(try read(text, &table).0 == text) }
    }
}
