import Ports
import SeededRandom
import Testing

@testable import RedisLink

@Suite struct PushScanTests {
    private let limits = {
        var limits = RedisLimits()
        limits.channelBytes = 20
        limits.bulkBytes = 40
        return limits
    }()

    private func message(pattern: String = "p*", channel: String, payload: String) -> String {
        "*4\r\n$8\r\npmessage\r\n" + bulk(pattern) + bulk(channel) + bulk(payload)
    }

    private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

    private struct Found: Equatable {
        let channel: String
        let payload: String
        let count: Int
    }

    private func scan(_ text: String) -> Found? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { buffer in
            guard let scan = PushScan(buffer, limits: limits) else { return nil }
            return Found(
                channel: String(decoding: buffer[scan.channel], as: UTF8.self),
                payload: String(decoding: buffer[scan.payload], as: UTF8.self), count: scan.count)
        }
    }

    @Test func `a message is found where it lies, whatever comes after it`() throws {
        let text = message(channel: "a.b", payload: "one\r\ntwo")

        for rest in ["", "*", "+OK\r\n", text] {
            let found = Found(
                channel: "a.b", payload: "one\r\ntwo", count: text.utf8.count)
            #expect(scan(text + rest) == found)
        }
        #expect(scan(message(channel: "", payload: ""))?.payload == "")
    }

    @Test func `half a message is none`() {
        let text = message(channel: "a.b", payload: "payload")
        for count in 0..<text.utf8.count {
            #expect(scan(String(decoding: Array(text.utf8).prefix(count), as: UTF8.self)) == nil)
        }
    }

    @Test func `lengths are bounded, and what is beyond is left to the parser`() {
        func text(_ count: Int) -> String { String(repeating: "x", count: count) }

        #expect(scan(message(pattern: text(20), channel: text(20), payload: text(40))) != nil)
        #expect(scan(message(pattern: text(21), channel: "c", payload: "p")) == nil)
        #expect(scan(message(channel: text(21), payload: "p")) == nil)
        #expect(scan(message(channel: "c", payload: text(41))) == nil)
        // More digits than any length has do not overflow.
        #expect(scan("*4\r\n$8\r\npmessage\r\n$9999999999999999999\r\n") == nil)
    }

    @Test(arguments: [
        ("$2\r\np*", "$02\r\np*"), ("$2\r\np*", "$+2\r\np*"), ("$2\r\np*", "$-1"),
        ("$2\r\np*", "$2\rp*"), ("$2\r\np*\r\n", "$2\r\np*\n\r"), ("$2\r\np*", ":2"), ("$2", "$"),
        ("*4", "*3"), ("pmessage", "pmessagE"),
    ])
    func `anything unusual is left to the parser`(usual: String, unusual: String) {
        let text = message(channel: "a.b", payload: "payload")
        #expect(scan(text) != nil)
        #expect(scan(text.replacing(usual, with: unusual, maxReplacements: 1)) == nil)
    }
}

/// Messages that are taken where they lie and those that hiredis reads are the same.
@Suite struct PushLaneTests {
    private func pushes(
        _ bytes: [UInt8], limits: RedisLimits = RedisLimits(), piece: () -> Int
    ) throws -> (items: [String], probes: [Int], confirmations: Int, refusal: String?) {
        let sink = PushSink<String>(
            decode: { channel, payload, items in
                items.append(text(channel) + "=" + text(payload))
            }, probeChannel: Array("probe".utf8), limits: limits)
        let reader = try ReplyReader(sink: sink, limits: limits)
        var refusal: String?
        do {
            var start = 0
            while start < bytes.count {
                let part = Array(bytes[start..<min(start + piece(), bytes.count)])
                start += part.count
                try part.withUnsafeBytes { try reader.feed($0) { () throws(LinkFailure) in } }
            }
        } catch let failure as LinkFailure {
            refusal = failure.reason
        }
        #expect(sink.messages == sink.batch.messages)
        return (sink.batch.items, sink.probes, sink.confirmations, refusal)
    }

    private func push(_ words: String...) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    @Test func `the order holds, whoever reads a message, wherever the stream is cut`() throws {
        let large = "\n*4\r\n" + String(repeating: "large", count: 2_000)
        let stream =
            "*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:1\r\n" + push("pmessage", "p*", "a", "1")
            + push("message", "probe", "7") + push("pmessage", "p*", "b", large)
            + push("pong", "") + push("pmessage", "p*", "c", "\r\n*4\r\n$8\r\npmessage\r\n")
            + push("message", "d", "4") + push("pmessage", "p*", "e", "")
        let expected = ["a=1", "b=\(large)", "c=\r\n*4\r\n$8\r\npmessage\r\n", "d=4", "e="]
        let bytes = Array(stream.utf8)
        var random = SplitMix64(20_261_128)

        for round in 0..<200 {
            let most = [3, 40, 700, 6_000][round % 4]
            let found = try pushes(bytes) {
                round == 0 ? bytes.count : Int.random(in: 1...most, using: &random)
            }
            #expect(found.items == expected)
            #expect(found.probes == [7])
            #expect(found.confirmations == 1)
            #expect(found.refusal == nil)
        }
    }

    @Test func `a channel and a payload beyond the bound are refused after messages that were not`()
        throws
    {
        var limits = RedisLimits()
        limits.channelBytes = 8
        limits.bulkBytes = 16
        let fine = push("pmessage", "p*", "12345678", "1234567812345678")
        for (bad, reason) in [
            (push("pmessage", "p*", "123456789", "x"), "8 bytes"),
            (push("pmessage", "p*", "c", "12345678123456789"), "17 bytes"),
        ] {
            let bytes = Array((fine + bad + fine).utf8)
            let found = try pushes(bytes, limits: limits) { bytes.count }
            #expect(found.items == ["12345678=1234567812345678"])
            #expect(found.refusal?.contains(reason) == true)
        }
    }
}
