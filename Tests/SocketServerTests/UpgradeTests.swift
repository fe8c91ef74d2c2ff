import EventLoop
import Ports
import Testing

@testable import SocketServer

/// X12, among others: handshakes that are wrong.
@Suite struct UpgradeTests {
    @Test func `a handshake answers with the subprotocol and the right key`() async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(try client.upgrade("/ws/v1?hello"))

            #expect(answer.status == 101)
            #expect(answer.header("sec-websocket-protocol") == "celeriac.v1.json")
            #expect(answer.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(answer.header("sec-websocket-extensions") == nil)
            #expect(try client.message()?.text == "hello")
        }
    }

    @Test func `a first message may come with the handshake`() async throws {
        try await withServer { server in
            let client = try server.connect()
            let head =
                ["GET /ws/v1 HTTP/1.1", "Host: a"] + TestClient.upgradeHeaders + ["", ""]

            try client.send(
                Array(head.joined(separator: "\r\n").utf8)
                    + TestClient.frame(Array("echo early".utf8)))

            #expect(try client.answer(toHead: true)?.status == 101)
            #expect(try client.message()?.text == "echo early")
        }
    }

    @Test(arguments: [
        (["Origin: http://evil.example"], 403), (["Origin: null"], 403),
        (["Sec-WebSocket-Protocol: "], 400), (["Sec-WebSocket-Protocol: other.v9"], 400),
        (["Sec-WebSocket-Protocol: chat, superchat"], 400),
        (["Sec-WebSocket-Version: 8"], 426), (["Sec-WebSocket-Version: "], 426),
        (["Sec-WebSocket-Key: "], 400), (["Sec-WebSocket-Key: short"], 400),
        (["Sec-WebSocket-Key: " + String(repeating: "a", count: 300)], 400),
        (["Connection: keep-alive"], 400), (["Upgrade: h2c"], 400),
        (["Connection: " + String(repeating: "x", count: 200) + ", upgrade"], 400),
        (["Sec-WebSocket-Protocol: celeriac.v1.json, " + String(repeating: "x", count: 200)], 400),
        (
            ["Sec-WebSocket-Protocol: " + String(repeating: "x", count: 70) + ", celeriac.v1.json"],
            400
        ),
        (["Sec-WebSocket-Protocol: a\"b, celeriac.v1.json"], 400),
        (["Content-Length: 5"], 400), (["Transfer-Encoding: chunked"], 400),
        (["Host: b"], 400),  // a second one
    ])
    func `a refused handshake gets a real answer`(changes: [String], status: Int) async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(try client.upgrade("/ws/v1", changes))

            #expect(answer.status == status)
            #expect(!answer.body.isEmpty)
            #expect(answer.header("content-security-policy") != nil)
            if status == 426 { #expect(answer.header("sec-websocket-version") == "13") }
            #expect(await server.server.socketCount == 0)
        }
    }

    @Test(arguments: [
        "celeriac.v1.json", "celeriac.v1.json, bearer.c2VjcmV0", "other.v2,celeriac.v1.json",
    ])
    func `one of several offers is chosen`(offers: String) async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try client.upgrade("/ws/v1", ["Sec-WebSocket-Protocol: \(offers)"])

            #expect(answer?.status == 101)
            #expect(answer?.header("sec-websocket-protocol") == "celeriac.v1.json")
        }
    }

    @Test func `other paths and other upgrades are refused`() async throws {
        try await withServer { server in
            #expect(try server.connect().upgrade("/elsewhere")?.status == 404)
            // libwebsockets answers this one itself, before it asks us.
            let foo = try #require(try server.connect().upgrade("/ws/v1", ["Upgrade: foo"]))
            #expect((400..<500).contains(foo.status))
            #expect(try server.connect().get("/ws/v1")?.status == 426)
            try await eventually("gone") { await server.server.connectionCount == 0 }
        }
    }

    @Test(arguments: [60, 254, 255, 300, 2_000])
    func `of extensions one is taken, a list too long for libwebsockets is refused`(
        size: Int
    ) async throws {
        try await withServer { server in
            let list = "permessage-deflate; client_max_window_bits"
            let padding = String(repeating: "x", count: size - list.count - 2)

            let answer = try server.connect().upgrade(
                "/ws/v1", ["Sec-WebSocket-Extensions: \(list), \(padding)"])

            #expect(answer?.status == (size < 255 ? 101 : 400))
            #expect(
                answer?.header("sec-websocket-extensions")
                    == DeflateOffer(choosing: size < 255 ? list : "").map {
                        DeflateOffer.name + $0.answer
                    })
        }
    }

    @Test func `the number of sockets and of handshakes per second is bounded`() async throws {
        try await withServer(limits: { $0.sockets = 2 }) { server in
            let open = try (0..<2).map { _ in try server.socket() }
            let refused = try #require(try server.connect().upgrade())
            #expect(refused.status == 503)
            #expect(refused.header("retry-after") != nil)
            try open[0].sendClose(1000)
            try await eventually("room") { await server.server.socketCount == 1 }
            #expect(try server.connect().upgrade()?.status == 101)
        }
        var meter = RateMeter(perSecond: 2)
        let taken = [5_000, 5_999, 5_999, 6_000].map { meter.take(at: $0) }
        #expect(taken == [true, true, false, true])
    }
}
