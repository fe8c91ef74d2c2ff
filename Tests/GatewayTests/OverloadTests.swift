import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// What is given up under load, and that everybody is told (R48).
@Suite struct OverloadTests {
    init() { EventLoop.shared.startThread() }

    /// What a handshake is answered with; `nil` if it goes on.
    @LoopActor private func refusal(_ gateway: Gateway) -> HttpResponse? {
        let request = HttpRequest(
            method: "GET", path: "/ws/v1",
            headers: ["sec-websocket-protocol": ClientProtocol.subprotocol])
        guard case .refuse(let response) = gateway.sessions.decideUpgrade(request) else {
            return nil
        }
        return response
    }

    @Test @LoopActor
    func `it slows rows and events, stops windows, and shuts the door, in this order`()
        async throws
    {
        let (gateway, sockets) = try Lonely.gateway()
        let talk = try await Talk(gateway, sockets, token: "operator")
        let (engine, events) = (gateway.rows.engine, gateway.events)
        func busy(_ seconds: Int) { for _ in 0..<seconds { gateway.sessions.govern(2_000) } }
        func told() throws -> Int64? {
            try talk.frames.last { $0["method"] == "session.hb" }?["params"]?["shed"]?.integer
        }

        busy(2)
        #expect(!engine.slowsDown && !events.slowsDown)
        #expect(try told() == 0)
        busy(1)
        #expect(engine.slowsDown && events.slowsDown && !engine.stopsFollowing)
        #expect(try told() == 1)
        busy(3)
        #expect(engine.stopsFollowing)
        #expect(try told() == 2)
        #expect(refusal(gateway) == nil)
        busy(3)
        #expect(try told() == 3)
        let answer = refusal(gateway)
        #expect(answer?.status == 503)
        #expect(answer?.headers.contains { $0.0 == "retry-after" && Int($0.1) ?? 0 > 0 } == true)
        #expect(sockets.closed[talk.socket] == nil)

        for _ in 0..<30 { gateway.sessions.govern(0) }
        #expect(!engine.slowsDown && !events.slowsDown && !engine.stopsFollowing)
        #expect(try told() == 0)
        #expect(refusal(gateway) == nil)
    }
}
