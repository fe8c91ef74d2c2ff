import LiveSync
import Testing

@testable import WireFormats

@Suite struct PageCursorTests {
    @Test(arguments: [
        FieldValue.absent, .bool(true), .bool(false), .int(-3), .int(.max),
        .double(1_764_000_000.1),
        .double(-0.5), .text(""), .text("mail.send"), .text("é\"\n\u{0}😀"), .list("[1]"),
    ])
    func `a place comes back from its cursor`(key: FieldValue) {
        let bound = SortBound(key: key, handle: 8_123_301)

        #expect(PageCursor.decode(PageCursor.encode(bound)) == bound)
    }

    @Test func `a long key is cut between characters`() throws {
        let long = String(repeating: "é", count: 600)
        let cursor = PageCursor.encode(SortBound(key: .text(long), handle: 1))

        let bound = try #require(PageCursor.decode(cursor))

        #expect(bound.key == .text(String(repeating: "é", count: 512)))
    }

    @Test(arguments: [
        "", "c2", "c2.", "c2n.", "c2n.-1", "c2n.x", "c2z.1", "c2i12.1", "c2i000000000000000g.1",
        "c2d7ff0000000000000.1", "c2s6.1", "c2sff.1", "c2s4A.1", "c2n1.1", "c1n.1", "n.1",
        "c2n.9007199254740992", "c2n.99999999999999999999",
        "c2s" + String(repeating: "61", count: 1_100) + ".1",
    ])
    func `what is no cursor is refused`(text: String) {
        #expect(PageCursor.decode(text) == nil)
    }
}
