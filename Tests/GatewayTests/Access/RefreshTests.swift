import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// A credential that is shown anew on a live socket (R6): its owner's counts, any other changes nothing.
@Suite struct RefreshTests {
    init() { EventLoop.shared.startThread() }

    private struct Bench {
        let gateway: Gateway
        let access: Lonely.TokenIsRole
        let talk: Talk
        let session: ClientSession
    }

    /// An operator who came with a bearer token.
    @LoopActor private func bench() async throws -> Bench {
        let access = Lonely.TokenIsRole()
        access.cookies = ["own": "operator", "theirs": "viewer"]
        let (gateway, sockets) = try Lonely.gateway(access: access)
        let talk = try await Talk(gateway, sockets, token: "operator")
        return Bench(
            gateway: gateway, access: access, talk: talk,
            session: try #require(gateway.sessions.sessions[talk.socket]))
    }

    /// Shows the ticket of a browser's session.
    @LoopActor private func refresh(_ bench: Bench, cookie: String) async throws -> JsonValue {
        let owner = Principal(id: "any", name: "any", role: .operator)
        let ticket = try #require(
            bench.gateway.sessions.to.tickets.issue(
                for: owner, cookie: cookie, origin: nil, now: 1_000))
        return try await bench.talk.ask(
            "session.refresh", ["auth": ["kind": "ticket", "ticket": .string(ticket)]])
    }

    /// Has the session's rights looked at.
    @LoopActor private func check(_ bench: Bench) async throws {
        bench.access.asked = []
        bench.session.checkedAt -= SessionLimits.rightsMilliseconds
        bench.gateway.sessions.sweep()
        _ = try await bench.talk.until { bench.access.asked.isEmpty ? nil : true }
        _ = try await bench.talk.until { bench.gateway.sessions.isCheckingRights ? nil : true }
    }

    @Test(arguments: ["theirs", "ended"])
    @LoopActor func `a refused refresh ties a session to nobody's cookie`(cookie: String)
        async throws
    {
        let bench = try await bench()

        let answer = try await refresh(bench, cookie: cookie)

        #expect(answer["error"]?["code"] == 1001)
        #expect(bench.session.cookie == nil && !bench.session.usesCookie)
        bench.access.cookies = [:]
        try await check(bench)
        #expect(bench.access.asked == ["operator"])
        #expect(bench.session.principal?.id == "operator")
        #expect(bench.talk.sockets.closed[bench.talk.socket] == nil)
    }

    @Test @LoopActor func `a session that was refreshed by a cookie ends with it`() async throws {
        let bench = try await bench()

        let answer = try await refresh(bench, cookie: "own")

        #expect(answer["result"] != nil)
        #expect(bench.session.cookie == "own" && bench.session.usesCookie)
        try await check(bench)
        #expect(bench.session.principal?.id == "operator")
        bench.access.cookies = [:]
        try await check(bench)
        #expect(bench.talk.sockets.closed[bench.talk.socket] == 4401)
    }
}
