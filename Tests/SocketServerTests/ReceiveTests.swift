import EventLoop
import Testing

@testable import SocketServer

@Suite struct ReceiveTests {
    @Test func `a message comes back whole, also when it came in fragments`() async throws {
        try await withServer { server in
            let client = try server.socket()
            let text = "echo " + String(repeating: "äöü€", count: 700)
            let bytes = Array(text.utf8)

            try client.send(TestClient.frame(Array(bytes[..<7]), isFinal: false))
            try client.send(TestClient.frame([1, 2, 3], opcode: 9))
            try client.send(TestClient.frame(Array(bytes[7..<3_000]), opcode: 0, isFinal: false))
            try client.send(TestClient.frame([], opcode: 0, isFinal: false))
            try client.send(TestClient.frame(Array(bytes[3_000...]), opcode: 0))

            let pong = try #require(try client.message())
            #expect(pong == .init(opcode: 10, isFinal: true, payload: [1, 2, 3]))
            #expect(try client.message()?.text == text)
        }
    }

    @Test func `a ping inside of a message is answered before the message`() async throws {
        try await withServer { server in
            let client = try server.socket()

            // All in one segment, so that the server has read everything before it can write anything.
            try client.send(
                TestClient.frame(Array("echo ".utf8), isFinal: false)
                    + TestClient.frame([1, 2, 3], opcode: 9)
                    + TestClient.frame(Array("this".utf8), opcode: 0)
                    + TestClient.frame(Array("echo that".utf8)))

            let pong = try #require(try client.message())
            #expect(pong == .init(opcode: 10, isFinal: true, payload: [1, 2, 3]))
            #expect(try client.message()?.text == "echo this")
            #expect(try client.message()?.text == "echo that")
        }
    }

    @Test(arguments: [
        // Continues nothing: an error that libwebsockets sees.
        TestClient.frame([], opcode: 0, isFinal: false),
        // Binary: an error that we see.
        TestClient.frame([0x61], opcode: 2),
        TestClient.frame([0x03, 0xe8], opcode: 8),
    ])
    func `an answer is not lost because the end is in the same segment`(end: [UInt8]) async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(
                TestClient.frame(Array("echo ".utf8), isFinal: false)
                    + TestClient.frame(Array("this".utf8), opcode: 0) + end)

            #expect(try client.message()?.text == "echo this")
            #expect(try client.message()?.opcode == 8)
        }
    }

    @Test func `a frame may come byte by byte`() async throws {
        try await withServer { server in
            let client = try server.socket()

            for byte in TestClient.frame(Array("echo slowly".utf8)) { try client.send([byte]) }

            #expect(try client.message()?.text == "echo slowly")
        }
    }

    @Test(arguments: [65_536, 65_537])
    func `64 KiB is the limit of a message`(size: Int) async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame([UInt8](repeating: 0x61, count: size)))

            if size == 65_536 {
                try await eventually("received") {
                    await server.handler.received.first?.count == size
                }
            } else {
                #expect(try client.message()?.closeCode == 1009)
                #expect(await server.handler.received.isEmpty)
            }
        }
    }

    // X4
    @Test func `a huge announced length is refused at once`() async throws {
        try await withServer { server in
            for length: UInt64 in [1 << 20, 1 << 40, 1 << 62, (1 << 63) - 1] {
                let client = try server.socket()
                let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * $0)) }
                try client.send([0x81, 0xff] + bytes + [1, 2, 3, 4, 5])
                #expect(try client.message()?.closeCode == 1009, "\(length)")
            }
        }
    }

    @Test func `a length with the top bit set ends the connection`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5])

            let frame = try client.message()
            #expect(frame == nil || frame?.closeCode == 1002)
            try await eventually("gone") { await server.server.connectionCount == 0 }
        }
    }

    @Test func `endless fragments of one byte are refused at 1009`() async throws {
        try await withServer { server in
            let client = try server.socket()
            let piece = TestClient.frame([0x61], opcode: 0, isFinal: false)

            try client.send(TestClient.frame([0x61], isFinal: false))
            for _ in 0..<10 {
                try? client.send((0..<100).flatMap { _ in piece })
            }

            #expect(try client.message()?.closeCode == 1009)
            #expect(await server.handler.received.isEmpty)
        }
    }

    @Test(arguments: [256, 257])
    func `256 fragments are the limit`(count: Int) async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame([0x61], isFinal: false))
            for _ in 0..<(count - 2) {
                try client.send(TestClient.frame([0x61], opcode: 0, isFinal: false))
            }
            try client.send(TestClient.frame([0x61], opcode: 0))

            if count == 256 {
                try await eventually("received") {
                    await server.handler.received.first?.count == count
                }
            } else {
                #expect(try client.message()?.closeCode == 1009)
            }
        }
    }

    @Test(
        arguments: [
            [0xc3, 0x28], [0xff], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0x80],
            [0x61, 0xe2, 0x82],
        ] as [[UInt8]])
    func `invalid UTF-8 gets a real Close frame 1007`(bytes: [UInt8]) async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame(bytes))

            #expect(try client.message()?.closeCode == 1007)
            #expect(await server.handler.received.isEmpty)
        }
    }

    @Test func `a character may be split over fragments`() async throws {
        try await withServer { server in
            let client = try server.socket()
            let bytes = Array("echo €".utf8)

            try client.send(TestClient.frame(Array(bytes[..<6]), isFinal: false))
            try client.send(TestClient.frame(Array(bytes[6...]), opcode: 0))

            #expect(try client.message()?.text == "echo €")
        }
    }

    @Test func `a binary frame is refused at 1003`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame([1, 2, 3], opcode: 2))

            #expect(try client.message()?.closeCode == 1003)
        }
    }

    @Test(arguments: [3, 125, 126, 2_000])
    func `an unmasked frame is refused at 1002`(size: Int) async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(
                TestClient.frame([UInt8](repeating: 0x61, count: size), isMasked: false))

            #expect(try client.message()?.closeCode == 1002)
            #expect(await server.handler.received.isEmpty)
        }
    }

    @Test(
        arguments: [
            [0xc1, 0x81, 0, 0, 0, 0, 0x61],  // RSV1 without an extension
            [0xa1, 0x82, 0, 0, 0, 0, 0x61, 0x61],  // RSV2
            [0xda, 0x80, 0, 0, 0, 0],  // a Pong with RSV1 and RSV3
            [0xf8, 0x80, 0, 0, 0, 0],  // a Close with all three
            [0x83, 0x81, 0, 0, 0, 0, 0x61],  // an opcode that does not exist
            [0x80, 0x81, 0, 0, 0, 0, 0x61],  // a continuation of nothing
            [0x09, 0x80, 0, 0, 0, 0],  // a fragmented Ping
        ] as [[UInt8]])
    func `what the protocol forbids is refused at 1002`(bytes: [UInt8]) async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(bytes)

            #expect(try client.message()?.closeCode == 1002)
            // One Close, and the end, whatever the client says to it.
            try? client.sendClose(1002)
            #expect(try client.takeRest() == [])
            try await eventually("gone") { await server.server.socketCount == 0 }
        }
    }

    @Test func `nothing follows a close, whatever the rest of the frame is taken for`() async throws
    {
        try await withServer { server in
            let client = try server.socket()

            // The first byte of ten is refused. The rest comes later, and behind it an opcode that does not exist.
            try client.send([0x81, 0x8a, 0, 0, 0, 0, 0xff])
            #expect(try client.message()?.closeCode == 1007)
            try client.send([UInt8](repeating: 0x61, count: 9) + [0x83, 0x80, 0, 0, 0, 0])

            #expect(try client.takeRest() == [])
            try await eventually("told") { await server.handler.closed.values.first == 1007 }
        }
    }

    @Test func `half a close code is answered with 1002`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame([0x03], opcode: 8))

            #expect(try client.message()?.closeCode == 1002)
            #expect(try client.takeRest() == [])
            try await eventually("told") { await server.handler.closed.values.first == 1002 }
        }
    }

    @Test func `invalid UTF-8 in a close reason is answered with 1007`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame([0x03, 0xe8, 0xc3, 0x28], opcode: 8))

            #expect(try client.message()?.closeCode == 1007)
        }
    }
}
