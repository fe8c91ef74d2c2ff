import EventLoop
import Ports
import Synchronization
import Testing

@testable import SocketServer

@Suite(.serialized) struct LifeTests {
    @Test func `a thousand connections leave nothing behind`() async throws {
        weak var weakServer: SocketServer?
        weak var weakHandler: TestHandler?
        do {
            let server = try await TestServer.start()
            weakServer = server.server
            weakHandler = server.handler
            for round in 0..<10 {
                let clients = try (0..<100).map { _ in try server.socket() }
                #expect(await server.server.socketCount == 100)
                for (index, client) in clients.enumerated() {
                    switch (index + round) % 3 {
                    case 0: client.close()
                    case 1: try client.sendClose(1000)
                    default: try client.sendText("close 4400 x")
                    }
                    if index % 2 == 0 { client.close() }
                }
                clients.forEach { $0.close() }
                try await eventually("gone") { await server.server.connectionCount == 0 }
            }
            #expect(await server.handler.opened.count == 1_000)
            #expect(await server.handler.closed.count == 1_000)
            let state = await Self.leftovers(server.server)
            #expect(state == [0, 0, 0, 0, 0])
            await server.server.stop()
        }
        try await eventually("freed") { weakServer == nil && weakHandler == nil }
    }

    @LoopActor
    private static func leftovers(_ server: SocketServer) -> [Int] {
        [
            server.connections.count, server.sockets.count, server.connectionsByAddress.count,
            server.socketsByAddress.count, server.pingRing.reduce(0) { $0 + $1.count },
        ]
    }

    @Test func `connection objects are freed with their connections`() async throws {
        let server = try await TestServer.start()
        let clients = try (0..<100).map { _ in try server.socket() }
        let objects = await server.server.connections.values.map { WeakConnection($0) }
        #expect(objects.allSatisfy { $0.value != nil })

        clients.forEach { $0.close() }

        try await eventually("freed") { objects.allSatisfy { $0.value == nil } }
        #expect(Connection.alive.load(ordering: .relaxed) >= 0)
        await server.server.stop()
    }

    private struct WeakConnection: Sendable {
        weak let value: Connection?
        init(_ value: Connection) { self.value = value }
    }

    @Test func `a port that is taken is said`() async throws {
        let first = try await TestServer.start()
        await #expect {
            _ = try await Self.start(port: first.port)
        } throws: { error in
            let error = error as? SocketServerError
            return error?.code == .listen
                && error?.message.contains("127.0.0.1:\(first.port)") == true
                && error?.message.contains("in use") == true
        }
        await #expect {
            _ = try await Self.start(port: 0, address: "no such place")
        } throws: { ($0 as? SocketServerError)?.code == .listen }
        await first.server.stop()
    }

    @LoopActor
    private static func start(port: UInt16, address: String = "127.0.0.1") throws -> SocketServer {
        try SocketServer(
            configuration: SocketServerConfiguration(address: address, port: port),
            handler: TestHandler())
    }

    @Test func `a drained server serves who is there and takes nobody new`() async throws {
        let server = try await TestServer.start()
        let client = try server.socket()

        await server.server.stopListening()

        #expect(throws: TestClient.Failure.self) { try server.connect() }
        try client.sendText("echo still here")
        #expect(try client.message()?.text == "echo still here")
        await server.server.stop(within: .zero)
    }

    @Test func `IPv6 works`() async throws {
        EventLoop.shared.startThread()
        let server = try await Self.start(port: 0, address: "::1")
        let address = await server.boundAddress
        #expect(address.description == "[::1]:\(address.port)")
        await server.stop()
    }

    @Test func `one address gets its share only`() async throws {
        try await withServer(limits: {
            $0.isLoopbackCounted = true
            $0.connectionsPerAddress = 4
            $0.socketsPerAddress = 2
        }) { server in
            let open = try (0..<2).map { _ in try server.socket() }
            let refused = try server.connect()
            #expect(try refused.upgrade()?.status == 503)
            refused.close()
            try await eventually("gone") { await server.server.connectionCount == 2 }

            let others = try (0..<2).map { _ in try server.connect() }
            try await eventually("accepted") { await server.server.connectionCount == 4 }
            #expect(try server.connect().takeRest() == [])

            for client in open + others { client.close() }
            try await eventually("gone") { await server.server.connectionCount == 0 }
            #expect(try server.connect().upgrade()?.status == 101)
        }
    }

    @Test(arguments: [true, false])
    func `strangers are bounded, in all and from one address`(isByAddress: Bool) async throws {
        try await withServer(limits: {
            $0.isLoopbackCounted = isByAddress
            $0.strangersPerAddress = isByAddress ? 2 : 1
            $0.strangers = isByAddress ? 100 : 2
        }) { server in
            let first = try server.socket()
            let second = try server.socket()
            let refused = try #require(try server.connect().upgrade())
            #expect(refused.status == 503 && refused.header("retry-after") == "5")
            #expect(refused.text.contains("not signed in"))

            // Who says who it is makes room for another, once.
            for _ in 0..<2 {
                try first.sendText("recognize")
                #expect(try first.message()?.text == "recognize")
            }
            let third = try server.socket()
            #expect(try server.connect().upgrade()?.status == 503)

            // So does who goes, known or not: a known one was none of them any more.
            first.close()
            try await eventually("gone") { await server.server.socketCount == 2 }
            #expect(try server.connect().upgrade()?.status == 503)
            second.close()
            try await eventually("gone") { await server.server.socketCount == 1 }
            _ = try server.socket()
            third.close()
        }
    }

    @Test func `an address that may have many sockets may have its share of strangers`() {
        var limits = SocketServerLimits()
        limits.allow(perAddress: 40)
        #expect(limits.socketsPerAddress == 40 && limits.connectionsPerAddress == 200)
        #expect(limits.strangersPerAddress == 20)
        limits.allow(perAddress: 1_000)
        #expect(limits.socketsPerAddress == 1_000 && limits.connectionsPerAddress == 1_000)
        #expect(limits.strangersPerAddress == 400)
    }

    @Test func `the number of connections is bounded`() async throws {
        try await withServer(limits: { $0.connections = 3 }) { server in
            let clients = try (0..<3).map { _ in try server.connect() }
            try await eventually("accepted") { await server.server.connectionCount == 3 }

            let fourth = try server.connect()

            #expect(try fourth.takeRest() == [])
            for client in clients { #expect(try client.get("/echo")?.status == 200) }
        }
    }
}
