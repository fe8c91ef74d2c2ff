import Ports
import SeededRandom
import Testing

@testable import RedisLink

typealias Seeded = SplitMix64

@Suite struct ReplyReaderTests {
    /// What a stream of bytes comes to: replies, and why it ended if it did.
    private func parse(
        _ pieces: [[UInt8]], limits: RedisLimits = RedisLimits()
    ) throws -> (replies: [RESPValue], refusal: String?) {
        let builder = ReplyBuilder(limits: limits)
        let reader = try ReplyReader(sink: builder, limits: limits)
        var replies: [RESPValue] = []
        do {
            for piece in pieces {
                try piece.withUnsafeBytes { bytes in
                    try reader.feed(bytes) { () throws(LinkFailure) in
                        replies.append(builder.takeReply())
                    }
                }
            }
            return (replies, nil)
        } catch let failure as LinkFailure {
            return (replies, failure.reason)
        }
    }

    private let stream = Array(
        "+OK\r\n:-12\r\n$-1\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n*-1\r\n*0\r\n-ERR no\r\n*3\r\n*2\r\n:1\r\n*0\r\n$1\r\nx\r\n-E\r\n"
            .utf8)
    private let expected: [RESPValue] = [
        .status("OK"), .integer(-12), .null, .bulk([]), .bulk(Array("a\r\nbc".utf8)), .null,
        .array([]), .error("ERR no"),
        .array([.array([.integer(1), .array([])]), .bulk([120]), .error("E")]),
    ]

    @Test func `replies are the same wherever the stream is cut`() throws {
        for cut in 0...stream.count {
            let parsed = try parse([Array(stream[..<cut]), Array(stream[cut...])])
            #expect(parsed.replies == expected)
            #expect(parsed.refusal == nil)
        }
        #expect(try parse(stream.map { [$0] }).replies == expected)
    }

    @Test func `eight arrays may nest and a ninth is refused`() throws {
        func nested(_ depth: Int) -> [[UInt8]] {
            [Array((String(repeating: "*1\r\n", count: depth) + ":1\r\n").utf8)]
        }

        #expect(RedisLimits.replyDepth == 9)
        #expect(try parse(nested(8)).replies.count == 1)
        #expect(try parse(nested(9)).refusal?.contains("nested") == true)
    }

    @Test func `element, string, reply and line limits hold at the bound and one beyond`() throws {
        var limits = RedisLimits()
        limits.replyElements = 10
        limits.bulkBytes = 20
        limits.replyBytes = 30
        limits.lineBytes = 40
        func text(_ text: String) throws -> (replies: [RESPValue], refusal: String?) {
            try parse([Array(text.utf8)], limits: limits)
        }
        func bulk(_ size: Int) -> String {
            "$\(size)\r\n\(String(repeating: "b", count: size))\r\n"
        }

        let ten = "*10\r\n" + String(repeating: ":1\r\n", count: 10)
        #expect(try text(ten).replies.count == 1)
        #expect(try text("*11\r\n").refusal?.contains("elements") == true)
        // All levels count together: 2 + 8 is allowed, 2 + 9 is not.
        #expect(try text("*2\r\n:1\r\n*8\r\n").refusal == nil)
        #expect(try text("*2\r\n:1\r\n*9\r\n").refusal?.contains("elements") == true)

        #expect(try text(bulk(20)).replies.count == 1)
        #expect(try text("$20\r\n").refusal == nil)
        #expect(try text("$21\r\n").refusal?.contains("21 bytes") == true)
        #expect(try text(bulk(21)).refusal != nil)

        #expect(try text("*2\r\n" + bulk(20) + bulk(10)).replies.count == 1)
        #expect(try text("*2\r\n" + bulk(20) + bulk(11)).refusal?.contains("reply") == true)
        // The sums start anew with each reply.
        #expect(try text(bulk(20) + bulk(20) + ten + ten).replies.count == 4)

        #expect(try text("+" + String(repeating: "l", count: 40)).refusal == nil)
        #expect(try text("+" + String(repeating: "l", count: 41)).refusal?.contains("line") == true)
    }

    @Test func `any bytes are parsed or refused, never trapped`() throws {
        var random = Seeded(20_260_101)
        let alphabet = Array("*$+-:0123456789\r\n\0abc".utf8)
        var refused = 0

        for round in 0..<20_000 {
            var bytes = stream
            if round.isMultiple(of: 2) {
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] = alphabet.randomElement(using: &random) ?? 0
                }
            } else {
                bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                    alphabet.randomElement(using: &random) ?? 0
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            if try parse([Array(bytes[..<cut]), Array(bytes[cut...])]).refusal != nil {
                refused += 1
            }
        }

        #expect(refused > 5000)
    }

    @Test func `what the writer writes is one command of the same arguments`() throws {
        let arguments: [[UInt8]] = [
            Array("SET".utf8), [], Array("a\r\nb".utf8), (0...255).map { UInt8($0) },
        ]
        var bytes: [UInt8] = []
        CommandWriter.append(arguments, to: &bytes)

        // A command is an array of bulk strings, so the reply reader can read it.
        #expect(try parse([bytes]).replies == [.array(arguments.map { .bulk($0) })])
        #expect(bytes.count <= CommandWriter.bound(arguments))
    }
}
