import EventLoop
import Ports
import Testing

@testable import SocketServer

/// Compressed messages both ways, by a client that knows nothing but the bytes. `test_deflate.py` says the
/// same with two clients of others, and a browser.
@Suite struct DeflateTests {
    private static let offer =
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

    private func socket(_ server: TestServer, _ offer: String = Self.offer) throws -> TestClient {
        let client = try server.connect()
        let answer = try #require(try client.upgrade("/ws/v1", [offer]))
        #expect(answer.status == 101)
        #expect(
            answer.header("sec-websocket-extensions")
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
        return client
    }

    /// A client's compressed text frame.
    private static func frame(_ payload: [UInt8], opcode: UInt8 = 1, isFinal: Bool = true)
        -> [UInt8]
    {
        var bytes = TestClient.frame(payload, opcode: opcode, isFinal: isFinal)
        bytes[0] |= 0x40
        return bytes
    }

    private static func deflated(_ text: [UInt8]) throws -> [UInt8] {
        try #require(Deflater().compress(text[...]))
    }

    @Test(arguments: [0, 1, 1_023, 1_024, 65_536, 300_000])
    func `what is compressed is the same again`(count: Int) throws {
        let text = (0..<count).map { UInt8(truncatingIfNeeded: 97 + $0 % 19 * ($0 / 700) % 7) }
        let (deflater, inflater) = (Deflater(), Inflater())

        for _ in 0..<2 {
            let bytes = try #require(deflater.compress(text[...]))
            #expect(inflater.inflate(bytes, limit: count) == .message(text))
            if count > 0 { #expect(inflater.inflate(bytes, limit: count - 1) == .tooBig) }
        }
    }

    @Test func `broken input is told from too much`() throws {
        let inflater = Inflater()

        #expect(inflater.inflate([0xff, 0xff, 0xff], limit: 100) == .broken)
        #expect(inflater.inflate([], limit: 100) == .message([]))
        // A last block, as RFC 7692 7.2.3.4 has it, and the same with something behind it.
        let hello: [UInt8] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]
        #expect(inflater.inflate(hello, limit: 5) == .message(Array("Hello".utf8)))
        #expect(inflater.inflate(hello + [1, 2, 3, 4, 5], limit: 5) == .broken)
        // And it still works afterwards.
        #expect(
            inflater.inflate([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], limit: 5)
                == .message(Array("Hello".utf8)))
    }

    @Test func `a compressed message is inflated, whole or in fragments, beside others`()
        async throws
    {
        try await withServer { server in
            let client = try socket(server)
            let text = Array("echo \(String(repeating: "compressed ", count: 50))".utf8)
            let bytes = try Self.deflated(text)

            try client.send(Self.frame(bytes))
            #expect(try client.message()?.payload == text)
            try client.sendText("echo plain")
            #expect(try client.message()?.text == "echo plain")
            try client.send(Self.frame(Array(bytes[..<5]), isFinal: false))
            try client.send(TestClient.frame([7], opcode: 9))
            #expect(
                try client.message() == TestClient.Frame(opcode: 10, isFinal: true, payload: [7]))
            try client.send(TestClient.frame(Array(bytes[5...]), opcode: 0))
            #expect(try client.message()?.payload == text)
            // Byte by byte, through libwebsockets' other way to read.
            for byte in Self.frame(bytes) { try client.send([byte]) }
            #expect(try client.message()?.payload == text)
        }
    }

    // X4
    @Test func `a bomb swells to the bound of a message and no further`() async throws {
        try await withServer { server in
            let limit = SocketServerLimits().messageBytes
            let filler = [UInt8](repeating: 0x78, count: limit - 4)
            let good = try socket(server)
            try good.send(Self.frame(try Self.deflated(Array("nop ".utf8) + filler)))
            try await eventually("whole") { await server.handler.received.last?.count == limit }

            let bad = try socket(server)
            try bad.send(Self.frame(try Self.deflated(Array("nop x".utf8) + filler)))
            #expect(try bad.message()?.closeCode == 1009)

            // Ten megabytes of nothing in ten kilobytes.
            let bomb = try Self.deflated([UInt8](repeating: 0, count: 10 << 20))
            #expect(bomb.count < limit)
            let worse = try socket(server)
            try worse.send(Self.frame(bomb))
            #expect(try worse.message()?.closeCode == 1009)
            // Too much already before it is inflated.
            let announced = try socket(server)
            try announced.send(
                [0xc1, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0x61])
            #expect(try announced.message()?.closeCode == 1009)
            #expect(await server.handler.received.count == 1)
        }
    }

    @Test(arguments: [
        ([[UInt8(0xc1), 0x83, 0, 0, 0, 0, 0xff, 0xff, 0xff]], 1007),  // not deflate
        ([[0xc1, 0x84, 0, 0, 0, 0, 0xfa, 0x0b, 0x00, 0x00]], 1007),  // deflated 0xff: not UTF-8
        ([[0x01, 0x81, 0, 0, 0, 0, 0x61], [0xc0, 0x81, 0, 0, 0, 0, 0x61]], 1002),  // RSV1 later on
        ([[0xa1, 0x81, 0, 0, 0, 0, 0x61]], 1002),  // RSV2
        ([[0xc1, 0x02, 0xf3, 0x48]], 1002),  // not masked
        ([[0xc2, 0x81, 0, 0, 0, 0, 0x61]], 1003),  // binary
    ])
    func `what is wrong ends the connection`(frames: [[UInt8]], code: Int) async throws {
        try await withServer { server in
            let client = try socket(server)

            for frame in frames { try client.send(frame) }

            #expect(try client.message()?.closeCode == code)
        }
    }

    @Test func `a shared frame is compressed once, for those that take it`() async throws {
        // Bytes are looked at as they come: no ping may be among them.
        try await withServer(limits: { $0.pingEvery = .seconds(3_600) }) { server in
            let clients = try (0..<3).map { _ in try socket(server) }
            let plain = try server.socket()
            let text = Array("{\"rows\":\"\(String(repeating: "abc ", count: 1_000))\"}".utf8)
            let sockets = await server.handler.opened
            let frame = SharedFrame(text: text, isCompressible: true)
            let secret = SharedFrame(text: text)
            let short = SharedFrame(text: Array(text.prefix(1_023)), isCompressible: true)
            for socket in sockets {
                await server.server.send([frame, secret, short], to: socket)
                await server.server.send(frame, to: socket)
            }

            for client in clients {
                // The first bytes: final, compressed text of less than 126 bytes.
                let head = try #require(try client.take(2))
                #expect(head[0] == 0xc1 && head[1] < 126)
                let payload = try #require(try client.take(Int(head[1])))
                #expect(Inflater().inflate(payload, limit: 10_000) == .message(text))
                let others = try (0..<2).map { _ in try client.message()?.payload.count }
                #expect(others == [text.count, 1_023])
                #expect(try client.take(1) == [0xc1])
            }
            let got = try (0..<4).map { _ in try plain.message()?.payload.count }
            #expect(got == [text.count, text.count, 1_023, text.count])
            #expect(await server.server.framesCompressed == 1)
        }
    }

    @Test func `what does not get smaller is sent as it is`() async throws {
        try await withServer { server in
            let client = try socket(server)
            var random = SystemRandomNumberGenerator()
            let alphabet = Array(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
            // Random letters do get a little smaller: what is known useless is not tried.
            let text = (0..<2_000).map { _ in alphabet.randomElement(using: &random) ?? 0x61 }
            let frame = SharedFrame(text: text, isCompressible: true)
            await Marking.mark(frame)

            await server.server.send(frame, to: try #require(await server.handler.opened.first))

            #expect(try client.message()?.payload == text)
        }
    }

    @LoopActor private enum Marking {
        static func mark(_ frame: SharedFrame) { frame.compressed = .useless }
    }

    @Test func `without an accepted offer there is no extension`() async throws {
        try await withServer { server in
            let client = try server.connect()
            let answer = try #require(
                try client.upgrade(
                    "/ws/v1",
                    ["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"]))
            #expect(answer.status == 101)
            #expect(answer.header("sec-websocket-extensions") == nil)
            try client.send(Self.frame([0xf3, 0x48]))
            #expect(try client.message()?.closeCode == 1002)
        }
    }
}
