import Foundation
import Testing

@testable import Gateway

/// Names of keys and channels, against those that real workers with a `global_keyprefix` used.
struct CelerySettingsTests {
    private struct Captured: Decodable {
        var sample: Sample

        struct Sample: Decodable {
            var channels: [String]
            var results: [String]
            var replyKey: String

            enum CodingKeys: String, CodingKey {
                case channels = "pubsub channels"
                case results = "result keys db1"
                case replyKey = "anon reply key"
            }
        }
    }

    @Test func `names carry the prefix where Celery puts it`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/celery/global_keyprefix.json").standardized
        let captured = try JSONDecoder().decode(Captured.self, from: Data(contentsOf: file)).sample
        let settings = CelerySettings(database: 0, keyPrefix: "pfx:", resultPrefix: "pfx:")
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        #expect(captured.channels.contains(text(settings.pidboxChannel)))
        let events = text(settings.eventPatterns[0])
        #expect(events.hasSuffix("/*"))
        #expect(captured.channels.count { $0.hasPrefix(events.dropLast(1)) } == 4)
        let results = text(settings.resultPattern)
        for name in captured.results + captured.channels.suffix(1) {
            #expect(name.hasPrefix(results.dropLast(1)))
        }
        #expect(text(settings.key("gw.replies")) == captured.replyKey)
    }
}
