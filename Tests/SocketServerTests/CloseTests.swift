import EventLoop
import Ports
import Testing

@testable import SocketServer

@Suite struct CloseTests {
    @Test func `a close by the server reaches every client with code and reason`() async throws {
        try await withServer { server in
            let clients = try (0..<50).map { _ in try server.socket() }

            for client in clients { try client.sendText("close 4401 token") }

            for client in clients {
                let frame = try #require(try client.message())
                #expect(frame.closeCode == 4401)
                #expect(frame.closeReason == "token")
                try client.sendClose(4401)
                #expect(try client.takeRest() == [])
            }
            try await eventually("all sockets gone") { await server.server.socketCount == 0 }
            let codes = await server.handler.closed.values
            #expect(codes.count == 50 && codes.allSatisfy { $0 == 4401 })
        }
    }

    @Test func `a client that does not answer our close is cut off`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.sendText("close 1001 bye")

            #expect(try client.message()?.closeCode == 1001)
            #expect(try client.takeRest() == [])
            try await eventually("gone") { await server.server.connectionCount == 0 }
        }
    }

    // X4: fragments without end, behind the close that the first of them have brought.
    @Test func `whoever sends on behind our close is ignored, then not read`() async throws {
        try await withServer(limits: {
            $0.piecesBehindClose = 8
            $0.closing = .seconds(60)
        }) { server in
            let client = try server.socket()
            try client.sendText("close 4401 token")
            #expect(try client.message()?.closeCode == 4401)

            for _ in 0..<8 { try client.sendText("nop") }
            try await eventually("8 ignored") { await Self.ignored(server) == [8] }
            try client.sendText("nop")
            try await eventually("one more") { await Self.ignored(server) == [9] }
            for _ in 0..<10 { try client.sendText("nop") }

            // Somebody else is heard, and has been sent to later.
            let other = try server.socket()
            try other.sendText("nop")
            try await eventually("heard") {
                await server.handler.received.last == Array("nop".utf8)
            }
            #expect(await Self.ignored(server).max() == 9)
        }
    }

    @LoopActor
    private static func ignored(_ server: TestServer) -> [Int] {
        server.server.connections.values.compactMap { $0.socket?.ignoredPieces }
    }

    @Test func `a close by the client is echoed and told`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.sendClose(4321, "enough")

            #expect(try client.message()?.closeCode == 4321)
            #expect(try client.takeRest() == [])
            try await eventually("told") { await server.handler.closed.values.first == 4321 }
        }
    }

    @Test func `a vanished client is told as 1006`() async throws {
        try await withServer { server in
            let client = try server.socket()

            client.close()

            try await eventually("told") { await server.handler.closed.values.first == 1006 }
        }
    }

    @Test func `a close without a code is told as 1005`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.send(TestClient.frame([], opcode: 8))

            #expect(try client.message()?.opcode == 8)
            try await eventually("told") { await server.handler.closed.values.first == 1005 }
        }
    }

    @Test func `stopping the server closes sockets with 1001`() async throws {
        let server = try await TestServer.start()
        let client = try server.socket()

        await server.server.stop()

        #expect(try client.message()?.closeCode == 1001)
        #expect(await server.server.connectionCount == 0)
    }

    @Test func `a reason is cut to 123 bytes at a character's border`() {
        let frame = WebSocketFrame.close(code: 1000, reason: String(repeating: "é", count: 70))

        #expect(frame.count == 2 + 2 + 122)
        #expect(String(validating: frame.dropFirst(4), as: UTF8.self) != nil)
    }
}
