import EventLoop
import Ports
import Testing

@testable import SocketServer

@Suite struct HttpTests {
    @Test func `a request reaches the handler with path, query, headers and body`() async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(
                try client.request(
                    "POST", "/echo?b=2%263&a=%20x+y&c",
                    ["Cookie: s=1", "Authorization: Bearer t", "X-CSRF-Token: n", "X-Other: no"],
                    body: Array("{\"a\":1}".utf8)))

            #expect(answer.status == 200)
            #expect(
                answer.text
                    == "POST /echo?b=2%263&a=%20x%20y&c 127.0.0.1\n"
                    + "authorization=Bearer t|cookie=s=1|host=localhost|x-csrf-token=n\n{\"a\":1}")
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    func `methods are told as they are`(method: String) async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(
                try client.request(method, "/echo", body: method == "GET" ? [] : [0x61]))

            #expect(answer.text.hasPrefix("\(method) /echo? "))
        }
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func `an empty body is a body`(method: String) async throws {
        try await withServer { server in
            let client = try server.connect()

            for _ in 0..<2 {
                let answer = try client.request(method, "/echo", ["Content-Length: 0"])
                #expect(answer?.status == 200)
            }
        }
    }

    @Test func `security headers stand on every answer and no version is told`() async throws {
        try await withServer { server in
            for path in ["/echo", "/nowhere", "/ws/v1"] {
                let client = try server.connect()
                let answer = try #require(try client.get(path))
                #expect(
                    answer.header("content-security-policy")
                        == "default-src 'none'; script-src 'self'; style-src 'self'; "
                        + "connect-src 'self'; img-src 'self' data:; font-src 'self'; "
                        + "manifest-src 'self'; base-uri 'none'; form-action 'none'; "
                        + "frame-ancestors 'none'; require-trusted-types-for 'script'")
                #expect(answer.header("x-content-type-options") == "nosniff")
                #expect(answer.header("referrer-policy") == "no-referrer")
                #expect(answer.header("cross-origin-opener-policy") == "same-origin")
                #expect(answer.header("cross-origin-resource-policy") == "same-origin")
                #expect(answer.header("permissions-policy") != nil)
                #expect(answer.header("cache-control") == "no-store")
                #expect(answer.header("date")?.hasSuffix(" GMT") == true)
                #expect(answer.header("server") == nil)
            }
        }
    }

    @Test func `several cookies can be set, and no header can be smuggled in`() async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(try client.get("/cookies"))

            #expect(answer.all("set-cookie") == ["a=1", "b=2"])
            #expect(answer.header("x-evil") == "1set-cookie: c=3")
        }
    }

    @Test func `requests follow each other on one connection, also unasked`() async throws {
        try await withServer { server in
            let client = try server.connect()
            let one = "GET /echo?1 HTTP/1.1\r\nHost: a\r\n\r\n"
            let two = "POST /echo?2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            let three = "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"

            try client.send(two + one + three + one)

            #expect(try client.answer()?.text.hasSuffix("abc") == true)
            #expect(try client.answer()?.text.hasPrefix("GET /echo?1 ") == true)
            #expect(try client.answer()?.status == 404)
            #expect(try client.answer()?.text.hasPrefix("GET /echo?1 ") == true)
        }
    }

    @Test func `a body between unasked requests ends the connection, not the server`()
        async throws
    {
        try await withServer { server in
            let client = try server.connect()
            let get = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
            let post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"

            try client.send(get + post + get)

            #expect(try client.answer()?.text.hasPrefix("GET") == true)
            _ = try client.takeRest()
            #expect(try server.connect().get("/echo")?.status == 200)
        }
    }

    @Test func `connection close is obeyed`() async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(try client.get("/echo", ["Connection: close"]))

            #expect(answer.header("connection") == "close")
            #expect(try client.takeRest() == [])
        }
    }

    @Test func `an answer that comes late does not stop the loop or read ahead`() async throws {
        try await withServer { server in
            let slow = try server.connect()
            let other = try server.connect()
            try slow.send(
                "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("held") { await server.handler.heldCount == 1 }

            #expect(try other.get("/echo")?.status == 200)
            #expect(await server.handler.requests.count == 2)
            await server.handler.release()

            #expect(try slow.answer()?.text == "released")
            #expect(try slow.answer()?.status == 200)
        }
    }

    @Test func `a client that is gone before the answer harms nobody`() async throws {
        try await withServer { server in
            for isAbrupt in [true, false] {
                let client = try server.connect()
                try client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
                try await eventually("held") { await server.handler.heldCount == 1 }

                if isAbrupt { client.close() } else { client.endSending() }
                await server.handler.release()

                if !isAbrupt { #expect(try client.answer()?.text == "released") }
                client.close()
            }
            try await eventually("gone") { await server.server.connectionCount == 0 }
        }
    }

    @Test func `a large answer arrives whole, also at a slow reader`() async throws {
        try await withServer { server in
            let size = 5_000_000
            let client = try server.connect(receiveBuffer: 65_536)

            try client.send("GET /big?\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
            try await Task.sleep(for: .milliseconds(200))
            let answer = try #require(try client.answer())

            #expect(answer.body == TestHandler.pattern(size))
            #expect(try client.get("/echo")?.status == 200)
        }
    }

    @Test(arguments: [1_048_576, 1_048_577])
    func `1 MiB is the limit of a body`(size: Int) async throws {
        try await withServer { server in
            let client = try server.connect()
            let body = [UInt8](repeating: 0x61, count: size)

            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            if size == 1_048_576 { try client.send(body) } else { try? client.send(body) }
            let answer = try #require(try client.answer())

            #expect(answer.status == (size == 1_048_576 ? 200 : 413))
            if answer.status == 413 { #expect(answer.header("connection") == "close") }
        }
    }

    @Test func `a chunked body is refused with 411, not dropped`() async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(
                try client.request("POST", "/echo", ["Transfer-Encoding: chunked"]))
            #expect(answer.status == 411)

            let other = try server.connect()
            try other.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "5\r\nhello\r\n0\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try other.answer()?.status == 411)
            #expect(try other.answer() == nil)
            #expect(await server.handler.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ["Transfer-Encoding: chunked", "Content-Length: 3"], ["Content-Length: 3, 4"],
        ["Content-Length: 3", "Content-Length: 4"], ["Content-Length: +3"],
        ["Content-Length: 0x3"], ["Content-Length: -1"],
        ["Content-Length: 99999999999999999999"],
    ])
    func `lengths that two readers could read differently are refused`(
        headers: [String]
    ) async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try client.request("POST", "/echo", headers)

            #expect(answer.map { (400..<500).contains($0.status) } ?? true)
            #expect(try client.takeRest() == [])
            #expect(await server.handler.requests.isEmpty)
        }
    }

    @Test func `a body without a length is refused with 411`() async throws {
        try await withServer { server in
            let client = try server.connect()

            #expect(try client.request("POST", "/echo")?.status == 411)
        }
    }

    @Test func `a client that expects to be told to continue is told`() async throws {
        try await withServer { server in
            let client = try server.connect()

            let go = try client.request(
                "POST", "/echo", ["Expect: 100-continue", "Content-Length: 3"])
            #expect(go?.status == 100)
            try client.send("abc")

            #expect(try client.answer()?.text.hasSuffix("abc") == true)
        }
    }

    @Test func `a cookie of 6 KB is read`() async throws {
        try await withServer { server in
            let client = try server.connect()
            let cookie = "s=" + String(repeating: "a", count: 6_000)

            let answer = try #require(try client.get("/echo", ["Cookie: \(cookie)"]))

            #expect(answer.status == 200)
            #expect(answer.text.contains(cookie))
        }
    }

    @Test func `17 KB of headers are refused with 431, far more with an end`() async throws {
        try await withServer { server in
            for (size, isAnswered) in [(17_000, true), (60_000, false)] {
                let client = try server.connect()
                let cookie = String(repeating: "a", count: size)
                try? client.send("GET /echo HTTP/1.1\r\nHost: a\r\nCookie: \(cookie)\r\n\r\n")
                let answer = try client.answer()
                if isAnswered {
                    #expect(answer?.status == 431)
                } else {
                    #expect(answer == nil || answer?.status == 431)
                }
            }
            #expect(await server.handler.requests.isEmpty)
        }
    }

    @Test(arguments: ["BREW", "CONNECT", "TRACE", "PROPFIND"])
    func `unknown methods are refused with 405`(method: String) async throws {
        try await withServer { server in
            let client = try server.connect()

            let answer = try #require(try client.request(method, "/echo"))

            #expect(answer.status == 405)
            #expect(answer.header("allow")?.contains("GET") == true)
            #expect(try client.takeRest() == [])
        }
    }

    @Test func `what is not HTTP is refused and leaves nothing behind`() async throws {
        try await withServer { server in
            let hellos: [[UInt8]] = [
                [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03],
                Array("\r\n\r\n".utf8), Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8),
                Array("GET\r\n\r\n".utf8), Array("GET http://x/ HTTP/1.1\r\n\r\n".utf8),
                Array("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
                Array("GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
                Array("GET /a%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
            ]
            for hello in hellos {
                let client = try server.connect()
                try client.send(hello)
                client.endSending()
                let answer = try client.answer()
                #expect(
                    answer.map { (400..<500).contains($0.status) } ?? true,
                    "\(String(decoding: hello, as: UTF8.self))")
            }
            try await eventually("gone") { await server.server.connectionCount == 0 }
            let paths = await server.handler.requests.map(\.path)
            #expect(paths == [])
        }
    }

    @Test func `dates are written as HTTP wants them`() {
        #expect(HttpDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HttpDate.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HttpDate.text(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(HttpDate.text(4_107_542_399) == "Sun, 28 Feb 2100 23:59:59 GMT")
    }
}
