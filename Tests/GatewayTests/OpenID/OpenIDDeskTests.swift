import Credentials
import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// The bounds of the way to the provider and back, and its cookies; Tests/Integration/test_oidc.py goes all of it.
@Suite struct OpenIDDeskTests {
    init() { EventLoop.shared.startThread() }

    /// A provider that describes itself, and gives no ID token before it is told to go on.
    @LoopActor private final class Web: WebClient {
        private(set) var asked: [String] = []
        private(set) var waiting: [CheckedContinuation<Void, Never>] = []

        func count(_ path: String) -> Int { asked.count { $0.hasSuffix(path) } }

        func goOn() {
            for continuation in waiting { continuation.resume() }
            waiting = []
        }

        func answer(to request: WebRequest) async throws(WebError) -> WebAnswer {
            asked.append(request.url)
            guard request.body == nil else {
                await withCheckedContinuation { waiting.append($0) }
                return WebAnswer(status: 200, body: Array("{}".utf8))
            }
            let document: JsonValue = [
                "issuer": "https://id.example",
                "authorization_endpoint": "https://id.example/authorize",
                "token_endpoint": "https://id.example/token",
                "jwks_uri": "https://id.example/jwks",
            ]
            return WebAnswer(status: 200, body: Array(document.text().utf8))
        }
    }

    @LoopActor private final class Clock {
        var now = 1_000.0
    }

    @LoopActor private func provider(_ web: Web) throws -> OpenIDProvider {
        let settings = try Settings(
            Settings.Input(flags: [
                "oidc-issuer": "https://id.example", "oidc-client-id": "c",
                "oidc-redirect-uri": "https://ops.example/auth/oidc/callback",
                "oidc-roles": "@example.com=viewer",
            ]))
        return OpenIDProvider(
            settings: try #require(settings.openID), secret: nil, web: web,
            signatures: OpenSSLSignatures())
    }

    @LoopActor private func desk(_ web: Web, _ clock: Clock = Clock()) throws -> OpenIDDesk {
        OpenIDDesk(
            try provider(web), access: Lonely.TokenIsRole(), secrets: OpenSSLSecrets(),
            clock: GatewayClock(now: { LoopActor.assumeIsolated { clock.now } }))
    }

    @LoopActor private func callback(_ departure: OpenIDDesk.Departure) throws -> OpenIDCallback {
        let query = String(try #require(departure.location.split(separator: "?").last))
        let state = try #require(queryParameters(query)?["state"])
        return try #require(OpenIDCallback(query: "state=\(state)&code=x"))
    }

    @LoopActor private func refusal(
        _ desk: OpenIDDesk, _ callback: OpenIDCallback?, browser: String?
    ) async -> OpenIDRefusal.Code? {
        do throws(OpenIDRefusal) {
            _ = try await desk.finish(callback, browser: browser, from: "192.0.2.1")
            return nil
        } catch {
            return error.code
        }
    }

    @Test @LoopActor func `so many codes are exchanged at once, and no more`() async throws {
        let web = Web()
        let desk = try desk(web)
        var away: [OpenIDDesk.Departure] = []
        for _ in 0...OpenIDLimits.exchanges {
            away.append(try await desk.start(from: "192.0.2.1"))
        }
        var tasks: [Task<OpenIDRefusal.Code?, Never>] = []
        for departure in away.dropLast() {
            let callback = try callback(departure)
            tasks.append(
                Task { @LoopActor in
                    await refusal(desk, callback, browser: departure.browser)
                })
        }
        while web.waiting.count < OpenIDLimits.exchanges { await Task.yield() }

        let last = try #require(away.last)
        let beyond = await refusal(desk, try callback(last), browser: last.browser)

        #expect(beyond == .busy)
        web.goOn()
        for task in tasks { #expect(await task.value == .unavailable) }
        // There is room again; the one that was refused has to begin anew.
        #expect(await refusal(desk, try callback(last), browser: last.browser) == .expired)
        let next = try await desk.start(from: "192.0.2.1")
        let room = Task { @LoopActor in
            await refusal(desk, try callback(next), browser: next.browser)
        }
        while web.waiting.isEmpty { await Task.yield() }
        web.goOn()
        #expect(try await room.value == .unavailable)
    }

    @Test @LoopActor func `a description is believed for an hour, and asked for once at a time`()
        async throws
    {
        let (web, clock) = (Web(), Clock())
        let desk = try desk(web, clock)
        let several = (0..<10).map { _ in
            Task { @LoopActor in try await desk.start(from: "192.0.2.1").browser }
        }
        for task in several { _ = try await task.value }
        #expect(web.count("/openid-configuration") == 1)

        for (seconds, count) in [
            (OpenIDLimits.metadataSeconds - 1, 1), (OpenIDLimits.metadataSeconds, 2),
        ] {
            clock.now = 1_000 + seconds
            _ = try await desk.start(from: "192.0.2.1")
            #expect(web.count("/openid-configuration") == count)
        }
    }

    @Test @LoopActor func `a sign-in of another browser is used up`() async throws {
        let desk = try desk(Web())
        let departure = try await desk.start(from: "192.0.2.1")
        let callback = try callback(departure)

        #expect(await refusal(desk, callback, browser: nil) == .expired)
        #expect(await refusal(desk, callback, browser: departure.browser) == .expired)
        let other = try await desk.start(from: "192.0.2.1")
        #expect(await refusal(desk, try self.callback(other), browser: "x") == .expired)
        #expect(await refusal(desk, nil, browser: other.browser) == .expired)
    }

    @Test @LoopActor func `over TLS the cookie is bound to this host`() async throws {
        let (gateway, _) = try Lonely.gateway(openID: try provider(Web()))
        let start = await gateway.respond(
            to: HttpRequest(method: "GET", path: "/auth/oidc/start", isSecure: true))

        let cookie = start.headers.first { $0.name == "set-cookie" }?.value ?? ""
        #expect(start.status == 303)
        #expect(cookie.hasPrefix("__Host-celeriac-openid="))
        #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure"))
        let parameters = start.headers.first { $0.name == "location" }?.value
        #expect(parameters?.contains("&scope=openid%20email%20profile&") == true)
    }

    @Test @LoopActor func `who comes back from nowhere is slowed down`() async throws {
        let (gateway, _) = try Lonely.gateway(openID: try provider(Web()))
        let request = HttpRequest(
            method: "GET", path: "/auth/oidc/callback", query: "state=x&code=y",
            peer: "192.0.2.1")

        for _ in 0..<AttemptGuard.free {
            #expect(await gateway.respond(to: request).status == 303)
        }

        let slow = await gateway.respond(to: request)
        #expect(slow.status == 429 && slow.headers.contains { $0 == ("retry-after", "1") })
    }

    @Test @LoopActor func `without a provider there is nothing to sign in with`() async throws {
        let (gateway, _) = try Lonely.gateway()
        let offer = await gateway.respond(to: HttpRequest(method: "GET", path: "/auth/oidc"))
        #expect(String(decoding: offer.body, as: UTF8.self) == #"{"name":null}"#)
        for path in ["/auth/oidc/start", "/auth/oidc/callback"] {
            let answer = await gateway.respond(to: HttpRequest(method: "GET", path: path))
            #expect(answer.status == 404)
        }
    }

    @Test func `a code has so many bytes and no more`() {
        func callback(_ count: Int) -> OpenIDCallback? {
            OpenIDCallback(query: "state=s&code=\(String(repeating: "x", count: count))")
        }
        #expect(callback(OpenIDLimits.codeBytes) != nil)
        #expect(callback(OpenIDLimits.codeBytes + 1) == nil)
        #expect(callback(0) == nil)
        #expect(OpenIDCallback(query: "state=s&state=t&code=x") == nil)
        #expect(
            OpenIDCallback(query: "state=s&error=access_denied&code=x")?.answer
                == .error("access_denied"))
    }
}
