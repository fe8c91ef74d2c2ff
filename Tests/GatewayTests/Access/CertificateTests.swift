import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// What a client certificate is good for that was verified when the connection was made.
@Suite struct CertificateTests {
    init() { EventLoop.shared.startThread() }

    private static let path = "/api/celery/commands/task.run"

    private func request(
        _ method: String, _ path: String, key: String?, _ headers: [String: String] = [:]
    ) -> HttpRequest {
        HttpRequest(
            method: method, path: path,
            headers: headers.merging(
                ["content-type": "application/json", "idempotency-key": "k", "host": "h"]
            ) { $1 },
            body: method == "POST" ? Array(#"{"task": "t"}"#.utf8) : [], isSecure: true,
            certificateKey: key.map { Array($0.utf8) })
    }

    @Test(arguments: [("operator", 200), ("nobody", 401), (nil, 401)] as [(String?, Int)])
    @LoopActor func `a pinned key signs a request in, and no other`(
        key: String?, status: Int
    ) async throws {
        let (gateway, _) = try Lonely.gateway()
        let answer = await gateway.respond(to: request("GET", "/api/celery/stats", key: key))

        #expect(answer.status == status)
    }

    @Test(
        arguments: [
            ([:], 503), (["origin": "https://h"], 503),
            (["origin": "https://evil.example"], 403), (["origin": "null"], 403),
            (["sec-fetch-site": "cross-site"], 403), (["sec-fetch-site": "same-origin"], 503),
        ] as [([String: String], Int)])
    @LoopActor func `a change by certificate is not for pages of others`(
        headers: [String: String], status: Int
    ) async throws {
        let (gateway, _) = try Lonely.gateway()
        let answer = await gateway.respond(
            to: request("POST", Self.path, key: "operator", headers))

        // Who may is told that there is no broker.
        #expect(answer.status == status)
    }

    @Test @LoopActor func `a token that was sent counts before the certificate`() async throws {
        let (gateway, _) = try Lonely.gateway()
        let answer = await gateway.respond(
            to: request("POST", Self.path, key: "operator", ["authorization": "Bearer viewer"]))
        let wrong = await gateway.respond(
            to: request("GET", "/api/celery/stats", key: "operator", ["authorization": "Bearer x"]))

        #expect(answer.status == 403 && wrong.status == 401)
    }

    @Test @LoopActor
    func `a handshake with a certificate starts a session, until it is taken back`()
        async throws
    {
        let access = Lonely.TokenIsRole()
        let (gateway, sockets) = try Lonely.gateway(access: access)
        let socket = SocketID(number: 7)
        gateway.socketOpened(socket, request: request("GET", "/ws/v1", key: "operator"))
        let start: JsonValue = [
            "jsonrpc": "2.0", "id": 1, "method": "session.start",
            "params": ["proto": ["major": 1, "minor": 0]],
        ]
        gateway.socketReceived(socket, text: Array(start.text().utf8))
        for _ in 0..<10_000 where gateway.sessions.liveCount == 0 {
            await LoopTimer.sleep(.milliseconds(1))
        }
        let session = try #require(gateway.sessions.sessions[socket])
        #expect(session.principal?.role == .operator)

        access.changes["operator"] = .some(nil)
        session.checkedAt -= SessionLimits.rightsMilliseconds
        session.heardAt = gateway.sessions.now
        gateway.sessions.sweep()
        for _ in 0..<10_000 where sockets.closed[socket] == nil {
            await LoopTimer.sleep(.milliseconds(1))
        }
        #expect(sockets.closed[socket] == 4401)
    }
}
