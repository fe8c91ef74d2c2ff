import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Bounds of what a session says, at the bound and one beyond (R4, 2.14).
@Suite struct SessionBoundsTests {
    init() { EventLoop.shared.startThread() }

    /// A frame that is longer than it need be.
    private func padded(_ frame: String, to bytes: Int) -> String {
        frame + String(repeating: " ", count: bytes - frame.utf8.count)
    }

    private func start(_ token: String) -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"session.start","params":{"auth":{"kind":"bearer","token":"\#(token)"}}}"#
    }

    /// A stranger that has said nothing yet.
    @LoopActor private func stranger(_ gateway: Gateway) -> SocketID {
        let socket = SocketID(number: 1)
        gateway.socketOpened(
            socket, request: HttpRequest(method: "GET", path: "/ws/v1", headers: [:]))
        return socket
    }

    /// Waits until a session is live, or closed.
    @LoopActor private func settle(
        _ gateway: Gateway, _ sockets: Lonely.Sockets, _ socket: SocketID
    ) async {
        for _ in 0..<40_000
        where gateway.sessions.liveCount == 0 && sockets.closed[socket] == nil {
            await LoopTimer.sleep(.milliseconds(1))
        }
    }

    @Test(arguments: [(8_192, CloseCode?.none), (8_193, CloseCode?.some(.malformed))]) @LoopActor
    func `a stranger's frame has 8 KiB`(bytes: Int, end: CloseCode?) async throws {
        let (gateway, sockets) = try Lonely.gateway()
        let socket = stranger(gateway)

        sockets.say(padded(start("operator"), to: bytes), on: socket, to: gateway)
        await settle(gateway, sockets, socket)

        #expect(sockets.closed[socket] == end?.rawValue)
        #expect(gateway.sessions.liveCount == (end == nil ? 1 : 0))
    }

    @Test(arguments: [("viewer", 16_384), ("wall", 16_384), ("operator", 65_536), ("bot", 65_536)])
    @LoopActor
    func `a role's frame has so many bytes`(role: String, bytes: Int) async throws {
        let (gateway, sockets) = try Lonely.gateway()
        let talk = try await Talk(gateway, sockets, token: role)
        let request = #"{"jsonrpc":"2.0","id":2,"method":"sub.close","params":{"sub":7}}"#

        sockets.say(padded(request, to: bytes), on: talk.socket, to: gateway)
        #expect(try talk.frames.last?["error"]?["code"]?.integer == 1009)
        #expect(sockets.closed[talk.socket] == nil)

        sockets.say(padded(request, to: bytes + 1), on: talk.socket, to: gateway)
        #expect(sockets.closed[talk.socket] == CloseCode.tooBig.rawValue)
    }

    @Test(arguments: [(8, 2_048, true), (9, 64, false), (8, 2_049, false)]) @LoopActor
    func `what comes before session.start is answered has 8 messages and 16 KiB`(
        messages: Int, bytes: Int, isKept: Bool
    ) async throws {
        let (gateway, sockets) = try Lonely.gateway()
        let socket = stranger(gateway)
        sockets.say(start("operator"), on: socket, to: gateway)
        let early = #"{"jsonrpc":"2.0","method":"sub.ack","params":{"acks":[]}}"#

        // All in one turn of the loop: nobody has looked up who it is meanwhile.
        for _ in 0..<messages { sockets.say(padded(early, to: bytes), on: socket, to: gateway) }
        await settle(gateway, sockets, socket)

        #expect(sockets.closed[socket] == (isKept ? nil : CloseCode.malformed.rawValue))
        #expect(gateway.sessions.liveCount == (isKept ? 1 : 0))
    }

    @Test func `a session is warned three times within a minute, not four times`() {
        var warnings = RateWarnings()

        // At the fourth, the first is forgotten; then it is one too many.
        let said = [0, 1, 59_999, 60_000, 60_000].map { warnings.warn(now: $0) }
        #expect(said == [true, true, true, true, false])
    }
}
