import EventLoop
import Ports
import Testing

@testable import Gateway

/// Ends of sessions that no client can bring about from outside.
@Suite struct SessionEndTests {
    init() { EventLoop.shared.startThread() }

    private let request = HttpRequest(method: "GET", path: "/ws/v1", headers: [:])

    @Test @LoopActor func `without random numbers a new session ends with 4500`() throws {
        // The gateway itself needs two, and each session two.
        let (gateway, sockets) = try Lonely.gateway(secrets: Lonely.Secrets(identifiers: 4))
        let (first, second) = (SocketID(number: 1), SocketID(number: 2))

        gateway.socketOpened(first, request: request)
        #expect(sockets.closed.isEmpty)
        #expect(sockets.frames[first]?.count == 1)
        gateway.socketOpened(second, request: request)

        #expect(sockets.closed == [second: 4500])
        #expect(sockets.frames[second] == nil)
        #expect(sockets.recognized.isEmpty, "nobody has said who it is")
    }

    @Test func `only displays and bots that name themselves are one at a time`() {
        func instance(_ role: Role, _ name: String?) -> ClientInstance? {
            ClientInstance(Principal(id: "p", name: "n", role: role), name: name)
        }

        #expect(instance(.wall, "lobby") != nil)
        #expect(instance(.wall, "lobby") == instance(.bot, "lobby"))
        #expect(instance(.wall, "lobby") != instance(.wall, "hall"))
        #expect(instance(.wall, nil) == nil && instance(.bot, "") == nil)
        for role in [Role.admin, .operator, .viewer] {
            #expect(instance(role, "lobby") == nil)
        }
    }
}
