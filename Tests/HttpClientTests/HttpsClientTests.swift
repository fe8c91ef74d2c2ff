import EventLoop
import Foundation
import Glibc
import Ports
import Testing

@testable import HttpClient

@Suite struct HttpsClientTests {
    init() { EventLoop.shared.startThread() }

    /// No test waits for this; those that are slow on a busy machine are not cut off by it either.
    private static let patient: HttpClientLimits = {
        var limits = HttpClientLimits()
        limits.exchangeSeconds = 3_600
        return limits
    }()

    @LoopActor private func answer(
        of server: OneAnswer, limits: HttpClientLimits = Self.patient, body: [UInt8]? = nil
    ) async -> Result<WebAnswer, WebError> {
        do throws(WebError) {
            let request = WebRequest(url: server.url, headers: ["x-word": "yes"], body: body)
            return .success(try await HttpsClient(limits: limits).answer(to: request))
        } catch {
            return .failure(error)
        }
    }

    private func message(_ result: Result<WebAnswer, WebError>) -> String? {
        if case .failure(let error) = result { error.message } else { nil }
    }

    @Test @LoopActor func `an answer comes with its status, whatever it is`() async throws {
        for status in [200, 400, 401, 500] {
            let server = try OneAnswer("HTTP/1.1 \(status) X\r\ncontent-length: 2\r\n\r\nhi")
            let answer = try await answer(of: server, body: Array("a=b".utf8)).get()
            #expect(answer == WebAnswer(status: status, body: Array("hi".utf8)))
            #expect(server.request.hasPrefix("POST / HTTP/1.1\r\n"))
            #expect(server.request.lowercased().contains("x-word: yes\r\n"))
            #expect(server.request.hasSuffix("\r\n\r\na=b"))
        }
    }

    @Test(arguments: [true, false])
    @LoopActor func `an answer has so many bytes and no more`(saysLength: Bool) async throws {
        var limits = Self.patient
        limits.answerBytes = 100_000
        func reply(_ count: Int) throws -> OneAnswer {
            let length = saysLength ? "content-length: \(count)\r\n" : ""
            return try OneAnswer(
                "HTTP/1.1 200 OK\r\nconnection: close\r\n\(length)\r\n"
                    + String(repeating: "x", count: count))
        }
        let whole = try await answer(of: try reply(100_000), limits: limits).get()
        let beyond = await answer(of: try reply(100_001), limits: limits)

        #expect(whole.body.count == 100_000)
        #expect(message(beyond)?.contains("more than 100000 bytes") == true)
    }

    @Test @LoopActor func `nobody is led to another address`() async throws {
        for status in [301, 302, 303, 307, 308] {
            let server = try OneAnswer(
                "HTTP/1.1 \(status) X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
            )
            let answer = try await answer(of: server).get()
            #expect(answer == WebAnswer(status: status, body: []))
        }
    }

    @Test @LoopActor func `who does not answer in time is given up`() async throws {
        var limits = HttpClientLimits()
        limits.exchangeSeconds = 0.05
        for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"] {
            let server = try OneAnswer(start, staysOpen: true)
            let text = message(await answer(of: server, limits: limits))
            #expect(text == "\(server.url): there was no whole answer in time")
        }
    }

    @Test @LoopActor func `so many servers are asked at once, and no more`() async throws {
        var limits = Self.patient
        limits.atOnce = 2
        let client = HttpsClient(limits: limits)
        let servers = try (0..<2).map { _ in
            try OneAnswer("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", waits: true)
        }
        let tasks = servers.map { server in
            Task { @LoopActor in try await client.answer(to: WebRequest(url: server.url)) }
        }
        for server in servers { while server.request.isEmpty { await Task.yield() } }

        let third = try OneAnswer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await #expect(throws: WebError.self) {
            try await client.answer(to: WebRequest(url: third.url))
        }
        for server in servers { server.goOn() }
        for task in tasks { #expect(try await task.value.status == 200) }
        #expect(try await client.answer(to: WebRequest(url: third.url)).status == 200)
    }

    @Test @LoopActor func `no header can begin another one`() async throws {
        let server = try OneAnswer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        for headers in [["x": "a\r\ny: b"], ["x\r\ny": "b"]] {
            await #expect(throws: WebError.self) {
                try await HttpsClient().answer(
                    to: WebRequest(url: server.url, headers: headers))
            }
        }
        #expect(server.request.isEmpty)
    }

    @Test @LoopActor func `a server that is away, or speaks something else, is an error`()
        async throws
    {
        let url: String
        do {
            let server = try OneAnswer("not HTTP at all\r\n\r\n")
            url = server.url
            #expect(message(await answer(of: server)) != nil)
        }
        await #expect(throws: WebError.self) {
            try await HttpsClient().answer(to: WebRequest(url: url))
        }
        await #expect(throws: WebError.self) {
            try await HttpsClient().answer(to: WebRequest(url: "no address"))
        }
    }
}
