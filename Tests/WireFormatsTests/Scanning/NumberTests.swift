import Testing
import WireFormats

struct NumberTests {
    private func read(_ text: String) throws -> Double? {
        try JsonReader.parse(text, limits: .celery).double
    }

    @Test(arguments: [
        "1795460972.8949387", "0.1", "0.30000000000000004", "9007199254740993.0",
        "9007199254740992.5", "9007199254740993.5", "1.7976931348623157e308", "4.9e-324",
        "9999999999999999999", "0.9999999999999999999", "999999999.9999999999", "0.0", "-0.5",
        "18014398509481985.0", "1.0000000000000000001", "123456789012345678.5",
    ])
    func `a decimal fraction is rounded as the standard library rounds it`(text: String) throws {
        #expect(try read(text) == Double(text))
    }

    @Test func `random decimal fractions are rounded as the standard library rounds them`() throws {
        var generator = SeededGenerator(11)
        for _ in 0..<100_000 {
            let digits = generator.next() >> UInt64(generator.below(64))
            var text = String(digits)
            let point = generator.below(text.count + 1)
            if point < text.count, point > 0 {
                text.insert(".", at: text.index(text.startIndex, offsetBy: point))
            } else if point == 0 {
                text = "0." + text
            }
            if generator.chance(3) { text = "-" + text }
            let expected = Double(text)
            #expect(try read(text) == expected, "\(text)")
        }
    }
}
