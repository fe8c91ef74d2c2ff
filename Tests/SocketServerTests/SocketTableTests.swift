import EventLoop
import Ports
import Testing

@testable import SocketServer

@Suite struct SocketTableTests {
    @Test func `a place that is free again gets another number`() async throws {
        try await withServer { server in
            let client = try server.socket()
            let first = try #require(await server.handler.opened.first)
            client.close()
            try await eventually("closed") { await server.handler.closed[first] != nil }

            let other = try server.socket()
            let second = try #require(await server.handler.opened.last)

            #expect(second.number > first.number)
            #expect(await server.server.sockets.count == 1)
            #expect(await !server.server.send(SharedFrame(text: Array("first".utf8)), to: first))
            #expect(await server.server.send(SharedFrame(text: Array("second".utf8)), to: second))
            #expect(try other.message()?.text == "second")
            for number in [0, 1, second.number + 1, UInt64.max] {
                #expect(await server.server.sockets[number] == nil)
            }
        }
    }

    @Test func `there is room for so many and no more`() async throws {
        try await withServer { server in
            let clients = try (0..<3).map { _ in try server.socket() }
            #expect(await Self.fill(SocketTable(most: 2), server) == [true, true, false])
            // They belong to the server's own table again.
            #expect(clients.count == 3)
        }
    }

    /// Adds all connections of a server to another table; tells whether each got in.
    @LoopActor
    private static func fill(_ table: SocketTable, _ server: TestServer) -> [Bool] {
        server.server.connections.values.map { connection in
            let own = connection.entry
            defer { connection.entry = own }
            return table.add(connection, isPlain: true)
        }
    }
}
