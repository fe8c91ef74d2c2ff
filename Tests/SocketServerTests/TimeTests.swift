import EventLoop
import Ports
import Testing

@testable import SocketServer

@Suite struct TimeTests {
    /// Seconds until the server ends a connection.
    private static func end(_ client: TestClient) throws -> Double {
        let clock = ContinuousClock()
        let time = try clock.measure { _ = try client.takeRest() }
        return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    }

    // X2
    @Test func `half a head is cut off after five seconds, also if it grows`() async throws {
        try await withServer { server in
            let silent = try server.connect()
            let half = try server.connect()
            let growing = try server.connect()
            try half.send("GET / HTTP/1.1\r\nHost: a\r\nX-A: ")

            try growing.send("GET / HTTP/1.1\r\n")
            growing.drip("X-B: y\r\n", milliseconds: 200)
            let clock = ContinuousClock()
            let start = clock.now
            for client in [half, silent, growing] { _ = try client.takeRest() }
            let passed = clock.now - start

            #expect(passed > .seconds(3.5) && passed < .seconds(15), "\(passed)")
            #expect(try server.connect().get("/echo")?.status == 200)
        }
    }

    @Test func `a body that drips is cut off`() async throws {
        try await withServer(limits: { $0.handshake = .seconds(1) }) { server in
            let client = try server.connect()
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            client.drip("x", milliseconds: 100)

            let seconds = try Self.end(client)

            #expect(seconds < 4, "\(seconds)")
            #expect(await server.handler.requests.isEmpty)
        }
    }

    @Test func `an idle keep-alive connection is ended`() async throws {
        try await withServer(limits: { $0.keepAlive = .seconds(1) }) { server in
            let client = try server.connect()
            #expect(try client.get("/echo")?.status == 200)

            let seconds = try Self.end(client)
            #expect(seconds < 4)
        }
    }

    @Test func `a handler that never answers does not keep the connection`() async throws {
        try await withServer(limits: { $0.answer = .seconds(1) }) { server in
            let client = try server.connect()
            try client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")

            let seconds = try Self.end(client)
            #expect(seconds < 4)
            await server.handler.release()
        }
    }

    @Test func `sockets are pinged, and silent ones cut off`() async throws {
        try await withServer(limits: { $0.pingEvery = .seconds(1) }) { server in
            let lively = try server.socket()
            let silent = try server.socket()
            let sockets = await server.handler.opened
            await Self.age(sockets[0], by: 30_000, server)
            let ping = try #require(try lively.frame())
            #expect(ping.opcode == 9)
            let before = await Self.lastHeard(sockets[0], server)

            try lively.send(TestClient.frame(ping.payload, opcode: 10))
            try await eventually("heard") { await Self.lastHeard(sockets[0], server) > before }
            #expect(try silent.frame()?.opcode == 9)
            await Self.age(sockets[1], by: 46_000, server)

            try await eventually("cut off") { await server.handler.closed[sockets[1]] == 1006 }
            #expect(await server.handler.closed[sockets[0]] == nil)
            _ = try silent.takeRest()
        }
    }

    @LoopActor
    private static func lastHeard(_ socket: SocketID, _ server: TestServer) -> UInt64 {
        server.server.sockets[socket.number]?.socket?.lastHeard ?? 0
    }

    /// Makes the server believe that a socket was last heard so many milliseconds earlier.
    @LoopActor
    private static func age(_ socket: SocketID, by time: UInt64, _ server: TestServer) {
        server.server.sockets[socket.number]?.socket?.lastHeard -= time
    }

    @Test func `2,000 half-open connections do not keep others out`() async throws {
        try await withServer { server in
            let rude = try (0..<2_000).map { _ in
                let client = try server.connect()
                try client.send("GET / HTTP/1.1\r\n")
                return client
            }

            let clock = ContinuousClock()
            let start = clock.now
            let answer = try server.connect().get("/echo")
            let time = clock.now - start
            #expect(answer?.status == 200)

            #expect(time < .seconds(4), "\(time)")
            #expect(await server.server.connectionCount >= 2_000)
            for client in rude { client.close() }
            try await eventually("gone") { await server.server.connectionCount == 0 }
        }
    }
}
