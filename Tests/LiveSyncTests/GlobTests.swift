import Testing

@testable import LiveSync

@Suite struct GlobTests {
    @Test(
        arguments: [
            ("mail", "mail", true), ("mail", "mail2", false), ("mail", "xmail", false),
            ("mail", "Mail", false), ("media-*", "media-", true), ("media-*", "media-a-b", true),
            ("media-*", "media", false), ("*", "", true), ("*", "anything", true),
            ("**", "a", true), ("*.send", "mail.send", true), ("*.send", "send", false),
            ("a*a", "a", false), ("a*a", "aa", true), ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true), ("a*b*c", "acb", false), ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aab", false), ("a?c", "abc", false), ("a[bc]", "ab", false),
            ("é*", "été", true), ("", "", true), ("", "a", false),
        ])
    func `a star stands for any bytes, and all else for itself`(
        pattern: String, text: String, matches: Bool
    ) {
        #expect(Glob(pattern).matches(text) == matches)
    }

    @Test func `a literal has no stars`() {
        #expect(Glob(literal: "*").matches("*"))
        #expect(!Glob(literal: "*").matches("anything"))
        #expect(Glob("a*").prefixed("queue ").matches("queue ab"))
        #expect(!Glob("a*").prefixed("queue ").matches("queue b"))
        #expect(!Glob("*").prefixed("queue ").matches("worker a"))
    }

    /// Against the definition, tried out in full.
    @Test func `it agrees with trying everything`() {
        func tries(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == UInt8(ascii: "*") {
                return (text.startIndex...text.endIndex).contains {
                    tries(pattern.dropFirst(), text[$0...])
                }
            }
            return text.first == first && tries(pattern.dropFirst(), text.dropFirst())
        }
        var random = SeededGenerator(seed: 7)
        func word(_ letters: [String], _ length: Int) -> String {
            (0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] }
                .joined()
        }
        for _ in 0..<5_000 {
            let pattern = word(["a", "b", "*"], Int.random(in: 0...6, using: &random))
            let text = word(["a", "b"], Int.random(in: 0...7, using: &random))
            #expect(
                Glob(pattern).matches(text)
                    == tries(Array(pattern.utf8)[...], Array(text.utf8)[...]),
                "\(pattern) \(text)")
        }
    }
}
