import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// What a name and a password get over HTTP, whatever keeps the users.
@Suite struct SignInTests {
    init() { EventLoop.shared.startThread() }

    @LoopActor private func post(
        _ body: JsonValue, to gateway: Gateway, from peer: String = "192.0.2.1"
    ) async -> HttpResponse {
        await gateway.respond(
            to: HttpRequest(
                method: "POST", path: "/api/session",
                headers: ["content-type": "application/json"], body: Array(body.text().utf8),
                peer: peer))
    }

    private func header(_ name: String, of response: HttpResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test @LoopActor func `a user gets a cookie, and the others the same refusal`() async throws {
        let access = Lonely.TokenIsRole()
        let (gateway, _) = try Lonely.gateway(access: access)
        let ada = Principal(id: "1", name: "ada", role: .operator)
        access.passwords = [
            "ada": .opened(secret: "s", principal: ada), "bob": .refused(user: "bob"),
        ]

        let opened = await post(["name": "ada", "password": "correct horse"], to: gateway)
        let wrong = await post(["name": "bob", "password": "correct horse"], to: gateway)
        let unknown = await post(["name": "eve", "password": "correct horse"], to: gateway)

        #expect(opened.status == 200)
        #expect(header("set-cookie", of: opened)?.hasPrefix("celeriac=s; ") == true)
        #expect(wrong.status == 401 && wrong.body == unknown.body)
        #expect(header("set-cookie", of: wrong) == nil)
    }

    @Test @LoopActor func `too many passwords at once are told when to come again`() async throws {
        let access = Lonely.TokenIsRole()
        let (gateway, _) = try Lonely.gateway(access: access)
        access.passwords = ["ada": .busy]

        for _ in 0...AttemptGuard.free {
            let busy = await post(["name": "ada", "password": "correct horse"], to: gateway)

            // No failure: nobody is slowed down for it.
            #expect(busy.status == 503 && header("retry-after", of: busy) == "1")
        }
    }

    @Test @LoopActor func `wrong passwords for one name are slowed down from all addresses`()
        async throws
    {
        let access = Lonely.TokenIsRole()
        let (gateway, _) = try Lonely.gateway(access: access)
        access.passwords = ["ada": .refused(user: "ada"), "bob": .refused(user: "bob")]

        for number in 0..<AttemptGuard.free {
            let peer = "192.0.2.\(number)"
            #expect(
                await post(["name": "ada", "password": "x"], to: gateway, from: peer).status == 401)
        }

        let slowed = await post(["name": "ada", "password": "x"], to: gateway, from: "192.0.2.99")
        let other = await post(["name": "bob", "password": "x"], to: gateway, from: "192.0.2.99")
        #expect(slowed.status == 429 && header("retry-after", of: slowed) != nil)
        #expect(other.status == 401)
    }

    @Test(arguments: [
        (0, 1, 400), (1, 1, 401), (128, 1, 401), (129, 1, 400), (1, 0, 400), (1, 256, 401),
        (1, 257, 400),
    ])
    @LoopActor func `a name has 1 to 128 bytes, a password 1 to 256`(
        name: Int, password: Int, status: Int
    ) async throws {
        let (gateway, _) = try Lonely.gateway()
        let text = { (count: Int) in JsonValue.string(String(repeating: "x", count: count)) }

        let answer = await post(["name": text(name), "password": text(password)], to: gateway)

        #expect(answer.status == status)
    }

    @Test @LoopActor func `everybody may end all their sessions, and by DELETE only`() async throws
    {
        let access = Lonely.TokenIsRole()
        let (gateway, _) = try Lonely.gateway(access: access)
        let request = { (method: String, role: String) in
            HttpRequest(
                method: method, path: "/api/sessions", headers: ["authorization": "Bearer \(role)"])
        }

        #expect(await gateway.respond(to: request("DELETE", "viewer")).status == 200)
        #expect(await gateway.respond(to: request("DELETE", "nobody")).status == 401)
        #expect(await gateway.respond(to: request("GET", "viewer")).status == 405)
        #expect(access.closed == ["viewer"])
    }

    @Test @LoopActor func `a missing code is no failure, a wrong one is`() async throws {
        let access = Lonely.TokenIsRole()
        let (gateway, _) = try Lonely.gateway(access: access)
        let body: JsonValue = ["name": "ada", "password": "correct horse"]
        access.passwords = ["ada": .codeNeeded]

        for _ in 0...AttemptGuard.free {
            let asked = await post(body, to: gateway)
            let problem = try JsonReader.parse(asked.body, limits: .client)
            #expect(asked.status == 401 && problem["needs"] == "totp")
        }
        access.passwords = ["ada": .codeRefused(user: "ada")]
        for number in 0..<AttemptGuard.free {
            // A missing code in between forgets no wrong one.
            access.passwords = ["ada": .codeNeeded]
            _ = await post(body, to: gateway, from: "192.0.2.\(number)")
            access.passwords = ["ada": .codeRefused(user: "ada")]
            let refused = await post(body, to: gateway, from: "192.0.2.\(number)")
            #expect(refused.status == 401)
        }

        #expect(await post(body, to: gateway, from: "192.0.2.99").status == 429)
    }
}
