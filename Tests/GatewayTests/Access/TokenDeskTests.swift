import EventLoop
import Logging
import Ports
import Synchronization
import Testing
import WireFormats

@testable import Gateway

/// Wrong tokens, wherever they are shown.
@Suite struct TokenDeskTests {
    init() { EventLoop.shared.startThread() }

    /// How a token is shown.
    enum Way: CaseIterable { case request, handshake, start }

    /// What somebody is told who shows a token: an HTTP status, or what stands for it on a socket.
    @LoopActor
    private func show(
        _ token: String, by way: Way, to gateway: Gateway, _ sockets: Lonely.Sockets,
        from peer: String = "192.0.2.1", number: UInt64 = 1
    ) async throws -> Int {
        let headers = ["authorization": "Bearer \(token)"]
        guard way != .request else {
            let answer = await gateway.respond(
                to: HttpRequest(
                    method: "GET", path: "/api/celery/stats", headers: headers, peer: peer))
            return answer.status
        }
        let socket = SocketID(number: number)
        gateway.socketOpened(
            socket,
            request: HttpRequest(
                method: "GET", path: "/ws/v1", headers: way == .handshake ? headers : [:],
                peer: peer))
        var params: [JsonMember] = [JsonMember("proto", ["major": 1])]
        if way == .start {
            params.append(JsonMember("auth", ["kind": "bearer", "token": .string(token)]))
        }
        let request: JsonValue = [
            "jsonrpc": "2.0", "id": 1, "method": "session.start", "params": .object(params),
        ]
        sockets.say(request.text(), on: socket, to: gateway)
        while gateway.sessions.sessions[socket]?.phase == .checking {
            await LoopTimer.sleep(.milliseconds(1))
        }
        switch sockets.closed[socket] {
        case nil: return 200
        case 4401: return 401
        case 4429: return 429
        case let code?: return Int(code)
        }
    }

    @Test(arguments: Way.allCases)
    @LoopActor func `one wrong token after the other makes an address wait`(way: Way) async throws {
        let (gateway, sockets) = try Lonely.gateway()
        var number: UInt64 = 0
        func shown(_ token: String, from peer: String = "192.0.2.1") async throws -> Int {
            number += 1
            return try await show(
                token, by: way, to: gateway, sockets, from: peer, number: number)
        }
        #expect(try await shown("operator") == 200)

        for guess in 0..<AttemptGuard.free { #expect(try await shown("guess\(guess)") == 401) }

        #expect(try await shown("guess") == 429)
        // Not even a right one, if it was never right before; one that was is no guess.
        #expect(try await shown("viewer") == 429)
        #expect(try await shown("operator") == 200)
        #expect(try await shown("viewer", from: "192.0.2.2") == 200)
    }

    @Test @LoopActor func `all ways count together`() async throws {
        let (gateway, sockets) = try Lonely.gateway()
        for guess in 0..<AttemptGuard.free {
            let way = Way.allCases[guess % 3]
            #expect(
                try await show(
                    "guess\(guess)", by: way, to: gateway, sockets, number: UInt64(guess)) == 401)
        }

        for (number, way) in Way.allCases.enumerated() {
            let answer = try await show(
                "guess", by: way, to: gateway, sockets, number: UInt64(100 + number))
            #expect(answer == 429)
        }
    }

    @Test @LoopActor func `a program with one wrong token keeps only itself away`() async throws {
        let (gateway, sockets) = try Lonely.gateway()
        for number in 0..<100 {
            let answer = try await show(
                "revoked", by: .start, to: gateway, sockets, number: UInt64(number))
            #expect(answer == (number < AttemptGuard.free ? 401 : 429))
        }

        // It was never right, and comes from the same address.
        #expect(
            try await show("viewer", by: .start, to: gateway, sockets, number: 1_000) == 200)
    }

    @Test @LoopActor func `a token that was right and is no more is wrong like any other`()
        async throws
    {
        let access = Lonely.TokenIsRole()
        let (gateway, sockets) = try Lonely.gateway(access: access)
        #expect(try await show("viewer", by: .request, to: gateway, sockets) == 200)
        access.changes["viewer"] = .some(nil)

        for _ in 0..<AttemptGuard.free {
            #expect(try await show("viewer", by: .request, to: gateway, sockets) == 401)
        }
        #expect(try await show("viewer", by: .request, to: gateway, sockets) == 429)
    }

    @Test @LoopActor func `whoever goes on guessing fills no audit, and no line has a token`()
        async throws
    {
        let records = Lonely.NoRecords()
        let time = Mutex(1_000.0)
        let clock = GatewayClock(now: { time.withLock { $0 } })
        let audit = AuditDesk(
            audit: records, clock: clock, log: Logger(label: "test"), onLine: {})
        let desk = TokenDesk(access: Lonely.TokenIsRole(), audit: audit, clock: clock)

        var looks = 0
        // As fast as one is looked at, for all but the end of a window.
        while clock.now() < 1_000 + RefusalLedger.strangers.window - 60 {
            switch await desk.look(at: "guess\(looks)", from: "192.0.2.1", .start) {
            case .wrong: looks += 1
            case .tooMany(let wait): time.withLock { $0 += wait }
            case .right: Issue.record("a guess was right")
            }
        }

        let written = records.audit.withLock { $0.map(\.entry) }
        #expect(looks > RefusalLedger.strangers.lines && looks < 20)
        #expect(written.count == RefusalLedger.strangers.lines)
        #expect(written.allSatisfy { $0.detail == "a wrong token in session.start" })
        #expect(written.allSatisfy { $0.action == "session.open" && $0.outcome == "refused" })
        #expect(written.allSatisfy { $0.principal == "" && $0.remote == "192.0.2.1" })
        await audit.end()
        let summary = records.audit.withLock { $0.last?.entry.detail }
        #expect(summary?.hasPrefix("\(looks - written.count) more refused") == true)
    }
}
