import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// What a code, a name and a password get over HTTP while there is no admin, whatever makes the admin.
@Suite struct SetupTests {
    init() { EventLoop.shared.startThread() }

    /// Answers what it is told to.
    private final class Asked: FirstAdmin {
        var answer = SetupAnswer.refused
        var names: [String] = []

        func isAwaited(now: Double) async -> Bool { true }

        func setUp(
            code: String, name: String, password: String, now: Double, remote: String
        ) async -> SetupAnswer {
            names.append(name)
            return answer
        }
    }

    private static let right: JsonValue = ["code": "c", "name": "ada", "password": "correct horse"]

    @LoopActor private func post(
        _ body: JsonValue = right, to gateway: Gateway, headers: [String: String] = [:],
        from peer: String = "192.0.2.1"
    ) async -> HttpResponse {
        await gateway.respond(
            to: HttpRequest(
                method: "POST", path: "/api/setup",
                headers: headers.merging(["content-type": "application/json"]) { $1 },
                body: Array(body.text().utf8), peer: peer))
    }

    private func header(_ name: String, of response: HttpResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    private func needs(_ response: HttpResponse) throws -> JsonValue? {
        try JsonReader.parse(response.body, limits: .client)["needs"]
    }

    @Test @LoopActor func `the first admin is signed in at once`() async throws {
        let asked = Asked()
        let records = Lonely.NoRecords()
        let (gateway, _) = try Lonely.gateway(records: records, firstAdmin: asked)
        asked.answer = .opened(
            secret: "s", principal: Principal(id: "1", name: "ada", role: .admin))

        let opened = await post(to: gateway)

        #expect(opened.status == 200 && asked.names == ["ada"])
        #expect(header("set-cookie", of: opened)?.hasPrefix("celeriac=s; ") == true)
        #expect(
            try JsonReader.parse(opened.body, limits: .client)["who"]?["role"] == "admin")
        let lines = records.audit.withLock { $0.map(\.entry) }
        #expect(lines.map(\.action) == ["session.open"] && lines[0].principal == "ada")
    }

    @Test @LoopActor func `each refusal says what is wrong, and with which field`() async throws {
        let asked = Asked()
        let (gateway, _) = try Lonely.gateway(firstAdmin: asked)

        for (answer, status, field): (SetupAnswer, Int, JsonValue?) in [
            (.unusableName("taken"), 400, "name"), (.unusablePassword("short"), 400, "password"),
            (.busy, 503, nil), (.failed, 503, nil), (.alreadySetUp, 409, nil), (.refused, 401, nil),
        ] {
            asked.answer = answer
            let response = await post(to: gateway)
            #expect(response.status == status)
            #expect(header("set-cookie", of: response) == nil)
            #expect(header("content-type", of: response) == "application/problem+json")
            #expect(try needs(response) == field)
        }
        for body: JsonValue in [
            [:], ["code": "c"], ["code": "c", "name": "ada"],
            ["code": 1, "name": "a", "password": "b"],
        ] {
            #expect(await post(body, to: gateway).status == 400)
        }
    }

    @Test @LoopActor func `another site's page sets nothing up`() async throws {
        let asked = Asked()
        let (gateway, _) = try Lonely.gateway(firstAdmin: asked)

        for headers in [
            ["origin": "https://evil.example", "host": "gw.example"],
            ["sec-fetch-site": "cross-site"], ["sec-fetch-site": "same-site"],
        ] {
            #expect(await post(to: gateway, headers: headers).status == 403)
        }
        #expect(asked.names.isEmpty)
    }

    @Test @LoopActor func `wrong codes are slowed down, by address, and are in the audit`()
        async throws
    {
        let asked = Asked()
        let records = Lonely.NoRecords()
        let (gateway, _) = try Lonely.gateway(records: records, firstAdmin: asked)

        for _ in 0..<AttemptGuard.free { #expect(await post(to: gateway).status == 401) }
        let slowed = await post(to: gateway)

        #expect(slowed.status == 429 && header("retry-after", of: slowed) == "1")
        #expect(asked.names.count == AttemptGuard.free)
        #expect(await post(to: gateway, from: "192.0.2.2").status == 401)
        let lines = records.audit.withLock { $0.map(\.entry) }
        #expect(lines.allSatisfy { $0.action == "setup.open" && $0.outcome == "refused" })
        #expect(lines.count == AttemptGuard.free + 1)
    }

    @Test @LoopActor func `what is wrong with a name or password slows nobody down`() async throws {
        let asked = Asked()
        let (gateway, _) = try Lonely.gateway(firstAdmin: asked)
        asked.answer = .unusablePassword("short")

        for _ in 0...AttemptGuard.free { #expect(await post(to: gateway).status == 400) }
    }

    @Test @LoopActor func `a gateway with an admin says so`() async throws {
        let (gateway, _) = try Lonely.gateway()
        let (unset, _) = try Lonely.gateway(firstAdmin: Asked())
        let ask = { HttpRequest(method: "GET", path: "/api/setup") }

        let told = await gateway.respond(to: ask())
        let awaited = await unset.respond(to: ask())

        #expect(try JsonReader.parse(told.body, limits: .client) == ["open": false])
        #expect(try JsonReader.parse(awaited.body, limits: .client) == ["open": true])
        // And slows down who asks on, like all who are refused.
        for _ in 0..<AttemptGuard.free { #expect(await post(to: gateway).status == 409) }
        #expect(await post(to: gateway).status == 429)
    }
}
