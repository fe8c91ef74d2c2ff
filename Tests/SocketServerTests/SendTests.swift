import EventLoop
import Ports
import Testing

@testable import SocketServer

@Suite struct SendTests {
    /// A text frame that tells its number, of about `size` bytes.
    private static func frame(_ number: Int, _ size: Int) -> SharedFrame {
        SharedFrame(text: Array("\(number) ".utf8) + [UInt8](repeating: 0x78, count: size))
    }

    @Test(arguments: [1, 2, 40])
    func `frames that are sent together arrive one after the other`(count: Int) async throws {
        try await withServer { server in
            let client = try server.socket()
            let socket = try #require(await server.handler.opened.first)

            // 40 of 4,000 bytes are more than one write of the gateway holds, but no reason to close.
            let taken = await server.server.send(
                (0..<count).map { Self.frame($0, 4_000) }, to: socket)
            await server.server.send((count..<count + 2).map { Self.frame($0, 10) }, to: socket)

            for number in 0..<count + 2 {
                #expect(try client.message()?.text.hasPrefix("\(number) ") == true)
            }
            if taken { #expect(await server.server.isDrained(socket)) }
            #expect(await server.server.send([], to: socket))
        }
    }

    @Test(arguments: [1, 7, 8, 9, 17])
    func `what is sent to many arrives at each of them once`(count: Int) async throws {
        try await withServer { server in
            let clients = try (0..<count).map { _ in try server.socket() }
            let opened = await server.handler.opened
            // One that nobody has, and one that is told twice.
            let sockets = [SocketID(number: 1)] + opened + [opened[0]]

            await server.server.send((0..<2).map { Self.frame($0, 10) }, to: sockets)
            await server.server.send([Self.frame(2, 10)], to: sockets)

            for (index, client) in clients.enumerated() {
                for number in index == 0 ? [0, 1, 0, 1, 2, 2] : [0, 1, 2] {
                    #expect(try client.message()?.text.hasPrefix("\(number) ") == true)
                }
            }
        }
    }

    @Test func `a slow reader among many gets everything in order`() async throws {
        try await withServer(limits: {
            $0.pendingFrames = 5_000
            $0.pendingBytes = 64 << 20
        }) { server in
            let slow = try server.socket(receiveBuffer: 65_536)
            let quick = try server.socket()
            let sockets = await server.handler.opened
            let count = 3_000

            for number in 0..<count {
                await server.server.send([Self.frame(number, 1_000)], to: sockets)
                #expect(try quick.message()?.text.hasPrefix("\(number) ") == true)
            }

            #expect(await !server.server.isDrained(sockets[0]), "it must have been choked")
            #expect(await server.server.isDrained(sockets[1]))
            for number in 0..<count {
                #expect(try slow.message()?.text.hasPrefix("\(number) ") == true)
            }
            try await eventually("drained") { await server.server.isDrained(sockets[0]) }
        }
    }

    @Test func `a slow reader gets everything in order, with pongs between`() async throws {
        try await withServer(limits: {
            $0.pendingFrames = 5_000
            $0.pendingBytes = 64 << 20
        }) { server in
            let client = try server.socket(receiveBuffer: 65_536)
            let socket = try #require(await server.handler.opened.first)
            let count = 3_000

            let taken = await Self.send(count, of: 1_000, to: socket, by: server)
            #expect(taken < count, "the socket must have been choked for this test to say anything")
            #expect(await !server.server.isDrained(socket))
            var next = 0
            var pings = 0
            var pongs = 0
            while next < count || pongs < pings {
                if pings < 6, next >= pings * 500 {
                    try client.send(TestClient.frame([UInt8(pings)], opcode: 9))
                    pings += 1
                }
                let arrived = try? client.message()
                let state = "\(next) messages, \(pings) pings, \(pongs) pongs"
                let left = await Self.left(socket, server)
                let frame = try #require(arrived, "\(state); the server: \(left)")
                if frame.opcode == 10 {
                    #expect(frame.payload == [UInt8(pongs)])
                    pongs += 1
                } else {
                    #expect(frame.text.hasPrefix("\(next) ") && frame.payload.count >= 1_002)
                    next += 1
                }
            }

            #expect(pongs == 6)
            try await eventually("drained") { await server.handler.drained == [socket] }
            #expect(await server.server.isDrained(socket))
            await server.server.send(Self.frame(0, 10), to: socket)
            #expect(try client.message()?.text.hasPrefix("0 ") == true)
        }
    }

    @LoopActor
    private static func left(_ socket: SocketID, _ server: TestServer) -> String {
        let connection = server.server.sockets[socket.number]
        let open = connection?.socket
        return
            "pending \(open?.pending.count ?? -1), written \(open?.written ?? -1), partial \(connection?.wsi.isPartial ?? false)"
    }

    @LoopActor
    private static func send(
        _ count: Int, of size: Int, to socket: SocketID, by server: TestServer
    ) -> Int {
        (0..<count).filter { server.server.send(frame($0, size), to: socket) }.count
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 200_000, 1_000_000])
    func `frames of every length form arrive`(size: Int) async throws {
        try await withServer { server in
            let client = try server.socket()
            let socket = try #require(await server.handler.opened.first)
            let payload = TestHandler.pattern(size).map { $0 & 0x7f }

            await server.server.send(SharedFrame(text: payload), to: socket)

            #expect(try client.message() == .init(opcode: 1, isFinal: true, payload: payload))
        }
    }

    @Test func `a reader that stops is closed with 4408 beyond the bound`() async throws {
        try await withServer(limits: { $0.pendingFrames = 10 }) { server in
            let client = try server.socket(receiveBuffer: 65_536)
            let socket = try #require(await server.handler.opened.first)

            let refusedAfter = await Self.sendUntilRefused(socket, server)

            // The first frame that is not taken at once is kept by libwebsockets, ten by us.
            #expect(refusedAfter == 11)
            try await eventually("closed") { await server.handler.closed[socket] == 4408 }
            client.close()
        }
    }

    /// Sends until the server has given the socket up; tells how many frames it had kept.
    @LoopActor
    private static func sendUntilRefused(_ socket: SocketID, _ server: TestServer) -> Int {
        var kept = 0
        for number in 0..<10_000 {
            guard let state = server.server.sockets[socket.number]?.socket, state.isOpen else {
                return kept - 1
            }
            if !server.server.send(frame(number, 10_000), to: socket) { kept += 1 }
        }
        return -1
    }

    @Test func `an unknown socket is neither open nor drained`() async throws {
        try await withServer { server in
            let ghost = SocketID(number: 999_999)

            #expect(await !server.server.send(Self.frame(0, 1), to: ghost))
            #expect(await !server.server.isDrained(ghost))
            await server.server.close(ghost, code: 1000, reason: "")
        }
    }

    @Test func `nothing is sent after a close`() async throws {
        try await withServer { server in
            let client = try server.socket()
            let socket = try #require(await server.handler.opened.first)

            await server.server.close(socket, code: 4409, reason: "replaced")
            #expect(await !server.server.send(Self.frame(0, 1), to: socket))
            await server.server.close(socket, code: 1000, reason: "again")

            #expect(try client.message()?.closeCode == 4409)
            #expect(try client.takeRest() == [])
            #expect(await server.handler.closed[socket] == 4409)
        }
    }

    @Test func `what the client sends after our close is not told`() async throws {
        try await withServer { server in
            let client = try server.socket()

            try client.sendText("close 1001 x")
            #expect(try client.message()?.closeCode == 1001)
            try client.sendText("late")
            try client.sendClose(1001)

            #expect(try client.takeRest() == [])
            #expect(await server.handler.received.count == 1)
        }
    }
}
