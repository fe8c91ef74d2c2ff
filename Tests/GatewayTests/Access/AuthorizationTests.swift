import EventLoop
import LiveSync
import Ports
import Testing
import WireFormats

@testable import Gateway

/// X6: every role against everything that is declared: each cell is asked of a whole gateway, the way a client
/// would ask.
@Suite struct AuthorizationTests {
    init() { EventLoop.shared.startThread() }

    private static let planted = "planted-secret"

    private func principal(_ role: Role) -> Principal {
        Principal(id: role.rawValue, name: role.rawValue, role: role)
    }

    /// Each command, and each of its parameters that not everybody may use.
    private static let deeds: [(command: CommandDeclaration, parameter: CommandParameter?)] =
        CommandCatalog.all.flatMap { command in
            [(command, nil)]
                + command.parameters.filter { $0.roles != nil }.map { (command, Optional($0)) }
        }

    private static func subject(
        _ deed: (command: CommandDeclaration, parameter: CommandParameter?)
    ) -> String {
        [deed.command.name, deed.parameter?.name].compactMap { $0 }.joined(separator: " ")
    }

    @Test func `the tables name what is declared, and nothing else`() {
        #expect(Set(Rights.roles) == Set(Role.allCases))
        #expect(Rights.topics.subjects == Set(Topics.all.map(\.name)))
        #expect(Rights.methods.subjects == Set(ClientFrame.methods))
        #expect(Rights.commands.subjects == Set(Self.deeds.map(Self.subject)))
        #expect(Rights.routes.subjects == Set(RestRoutes.all.map { "\($0.method) \($0.path)" }))
    }

    // MARK: - Topics

    @Test(arguments: Topics.all.map(\.name), Rights.roles)
    @LoopActor func `a topic is the same by every way to it`(name: String, role: Role) async throws
    {
        let (gateway, sockets) = try Lonely.gateway()
        let schema = try #require(Topics.all.first { $0.name == name })
        let cell = try #require(Rights.topics.cell(name, role))
        plant(schema, in: gateway)
        let isShown = cell == "+" && !Topics.texts(of: schema).isEmpty

        let talk = try await Talk(gateway, sockets, token: role.rawValue)
        let kind = schema.kind == .whole ? "sub" : "view"
        let opened = try await talk.ask("\(kind).open", ["sub": 1, "topic": .string(name)])
        let asked = try await talk.ask("query", ["topic": .string(name)])

        #expect(Authorization.verdict(on: .topic(schema), for: principal(role)).cell == cell)
        #expect((opened["error"]?["code"] == 1003) == (cell == "-"))
        #expect((asked["error"]?["code"] == 1003) == (cell == "-"))
        if cell != "-" {
            let snapshot = try await talk.until {
                try talk.frames.first { $0["method"]?.string == "\(kind).snap" }
            }
            #expect(snapshot.text().contains(Self.planted) == isShown)
        }
        #expect(isShown || !asked.text().contains(Self.planted))
        let read = await gateway.respond(to: request("GET", "/api/celery/\(name)", role))
        #expect((read.status == 403) == (cell == "-"))
        if schema.kind == .whole {
            #expect(String(decoding: read.body, as: UTF8.self).contains(Self.planted) == isShown)
        }
    }

    /// A row whose every text of users is one that can be found again.
    @LoopActor private func plant(_ schema: TopicSchema, in gateway: Gateway) {
        let topic = gateway.rows.engine.topic(named: schema.name)
        let updates = schema.columns.enumerated().filter {
            Topics.texts(of: schema).contains($0.element)
        }.map { FieldUpdate($0.offset, .text(Self.planted)) }
        gateway.rows.engine.upsert(topic, id: "row", updates)
        gateway.rows.engine.commit(at: 0)
    }

    // MARK: - Methods

    private static let samples: [String: JsonValue] = [
        "sub.open": ["sub": 1, "topic": "stats"], "sub.close": ["sub": 1],
        "sub.resync": ["sub": 1], "view.open": ["sub": 2, "topic": "tasks"],
        "view.move": ["sub": 2], "view.close": ["sub": 2], "query": ["topic": "tasks"],
        "events.open": ["sub": 3], "events.close": ["sub": 3],
        "cmd.submit": ["cmd": "task.run", "args": ["task": "t"], "key": "k"],
        "cmd.plan": ["cmd": "task.revoke", "where": ["and"]],
        "cmd.read": ["id": "x1"], "cmd.items": ["id": "x1"], "queue.messages": ["queue": "x1"],
        "trash.messages": ["id": "x1"],
    ]

    /// What tells more of a row of some topics, over the socket and over HTTP.
    private static let details = [
        "commands": ("cmd.read", "/api/celery/commands/row"),
        "trash": ("trash.messages", "/api/celery/trash/row"),
    ]
    private static let twins = [
        ("cmd.read", "GET /api/celery/commands/{id}"),
        ("cmd.items", "GET /api/celery/commands/{id}/items"),
        ("queue.messages", "GET /api/celery/queues/{name}/messages"),
        ("trash.messages", "GET /api/celery/trash/{id}"),
    ]

    @Test(arguments: twins, Rights.roles)
    func `what is read by a message and by a route is for the same roles`(
        twin: (method: String, route: String), role: Role
    ) throws {
        let cell = try #require(Rights.methods.cell(twin.method, role))
        #expect(cell == Rights.routes.cell(twin.route, role))
        let params = try #require(Self.samples[twin.method])
        let frame: JsonValue = [
            "jsonrpc": "2.0", "id": 1, "method": .string(twin.method), "params": params,
        ]
        guard
            case .request(_, .read(let request)) = try ClientFrame(
                decoding: Array(frame.text().utf8))
        else {
            Issue.record("\(twin.method) is no detail")
            return
        }
        let act = DetailReader.act(of: request)
        #expect(Authorization.verdict(on: act, for: principal(role)).cell == cell)
    }

    @Test(arguments: details.keys.sorted(), Rights.roles)
    @LoopActor func `a row that is looked at closer hides what it hides elsewhere`(
        name: String, role: Role
    ) async throws {
        let (gateway, sockets) = try Lonely.gateway(broker: Lonely.EmptyBroker())
        let schema = try #require(Topics.all.first { $0.name == name })
        let (method, path) = try #require(Self.details[name])
        let cell = try #require(Rights.methods.cell(method, role))
        plant(schema, in: gateway)

        let talk = try await Talk(gateway, sockets, token: role.rawValue)
        let told = try await talk.ask(method, ["id": "row"])
        let read = await gateway.respond(to: request("GET", path, role))

        #expect((told["error"]?["code"] == 1003) == (cell == "-"))
        #expect(read.status == (cell == "-" ? 403 : 200))
        guard cell != "-" else { return }
        let result = try #require(told["result"])
        let body = try JsonReader.parse(read.body, limits: .celery).object ?? []
        // Only HTTP says where the next page begins.
        #expect(result == .object(body.filter { $0.name != "next" }))
        let isShown = cell == "+" && !Topics.texts(of: schema).isEmpty
        #expect(result.text().contains(Self.planted) == isShown)
    }

    @Test(arguments: ClientFrame.methods, Rights.roles)
    @LoopActor func `each role may send its messages only`(method: String, role: Role) async throws
    {
        let (gateway, sockets) = try Lonely.gateway()
        let cell = try #require(Rights.methods.cell(method, role))

        let talk = try await Talk(gateway, sockets, token: role.rawValue)
        if method == "session.start" {
            // The talk has begun: it was answered.
            #expect(cell == "+" && gateway.sessions.liveCount == 1)
            return
        }
        let params: JsonValue =
            method == "session.refresh"
            ? ["auth": ["kind": "bearer", "token": .string(role.rawValue)]]
            : try #require(Self.samples[method])
        let answer = try await talk.ask(method, params)

        #expect((answer["error"]?["code"] == 1003) == (cell == "-"), "\(answer.text())")
        // Not refused for another reason than the right.
        #expect(answer["error"]?["code"] != -32602, "\(answer.text())")
    }

    // MARK: - Commands

    @Test(arguments: deeds.indices, Rights.roles)
    @LoopActor func `each role may give its commands only`(number: Int, role: Role) async throws {
        let (gateway, _) = try Lonely.gateway()
        let deed = Self.deeds[number]
        let cell = try #require(Rights.commands.cell(Self.subject(deed), role))
        let args = SampleCommands.args(of: deed.command, with: deed.parameter)

        let spec = try CommandSpec(deed.command.name, args: args, newID: { "id\($0)" })
        let path = "/api/celery/commands/\(deed.command.name)"
        let answer = await gateway.respond(to: request("POST", path, role, args))

        #expect(Authorization.verdict(on: spec.act, for: principal(role)).cell == cell)
        // Who may is told that there is no broker.
        #expect(answer.status == (cell == "-" ? 403 : 503))
    }

    // MARK: - Routes

    private static let bodies: [String: JsonValue] = [
        "/api/session": ["token": "nobody"],
        "/api/setup": ["code": "none", "name": "ada", "password": "correct horse"],
        "/api/celery/plans": ["cmd": "task.revoke", "where": ["and"]],
        "/api/celery/commands": ["cmd": "task.run", "args": ["task": "t"]],
        "/api/celery/commands/{id}": ["task": "t"],
    ]

    private func path(_ route: RestRoute) -> String {
        let path =
            route.path == "/api/celery/commands/{id}"
            ? route.path.replacing("{id}", with: "task.run") : route.path
        return path.replacing(/\{[a-z]+\}/, with: "x1")
    }

    private func request(
        _ method: String, _ path: String, _ role: Role?, _ body: JsonValue = .object([])
    ) -> HttpRequest {
        var headers = ["content-type": "application/json", "idempotency-key": "k"]
        if let role { headers["authorization"] = "Bearer \(role.rawValue)" }
        return HttpRequest(
            method: method, path: path, headers: headers,
            body: method == "POST" ? Array(body.text().utf8) : [])
    }

    @Test(arguments: RestRoutes.all.indices, Rights.roles)
    @LoopActor func `each role may ask for its routes only`(number: Int, role: Role) async throws {
        let (gateway, _) = try Lonely.gateway()
        let route = RestRoutes.all[number]
        let cell = try #require(Rights.routes.cell("\(route.method) \(route.path)", role))
        let body = Self.bodies[route.path] ?? .object([])

        let answer = await gateway.respond(to: request(route.method, path(route), role, body))

        #expect((answer.status == 403) == (cell == "-"), "\(answer.status)")
        #expect(answer.status != 400)
        // Nothing that is not described.
        let described = route.refusals.union(route.replies.map(\.status))
        #expect(described.contains(answer.status), "\(answer.status)")
        if case .guarded(let act?, _) = route.answer {
            #expect(Authorization.verdict(on: act, for: principal(role)).cell == cell)
        }
    }

    @Test(arguments: RestRoutes.all.indices)
    @LoopActor func `a route is closed to strangers and has its methods only`(
        number: Int
    ) async throws {
        let (gateway, _) = try Lonely.gateway()
        let route = RestRoutes.all[number]

        let stranger = await gateway.respond(to: request(route.method, path(route), nil))
        let other = await gateway.respond(to: request("PATCH", path(route), .admin))

        if !route.isOpen { #expect(stranger.status == 401) }
        #expect(route.refusals.union(route.replies.map(\.status)).contains(stranger.status))
        #expect(other.status == 405)
        let allowed = other.headers.first { $0.name == "allow" }?.value ?? ""
        #expect(allowed.contains(route.method))
        // No route stands before it.
        let parts = try #require(RestRoute.parts(of: path(route)))
        let first = RestRoutes.matches(parts).first { $0.route.method == route.method }
        #expect(first?.route.path == route.path)
    }

    // MARK: - Scopes

    @Test(arguments: Rights.roles)
    func `a credential is for what it names only, and for nothing more than its role`(role: Role) {
        let whole = principal(role)
        var limited = whole
        limited.scope = Scope(topics: ["stats", "tasks"], commands: ["task.run"])

        for schema in Topics.all {
            let expected: Character =
                ["stats", "tasks"].contains(schema.name)
                ? Authorization.verdict(on: .topic(schema), for: whole).cell : "-"
            #expect(Authorization.verdict(on: .topic(schema), for: limited).cell == expected)
        }
        for command in CommandCatalog.all {
            let act = Act.command(command, using: [])
            let expected: Character =
                command.name == "task.run"
                ? Authorization.verdict(on: act, for: whole).cell : "-"
            #expect(Authorization.verdict(on: act, for: limited).cell == expected)
            #expect(Authorization.verdict(on: .plan(command), for: limited).cell == expected)
        }
        for act: Act in [
            .events, .metrics, .outcomes, .settings, .differences, .reconcile, .plans,
        ] {
            #expect(Authorization.verdict(on: act, for: limited).cell == "-")
        }
        #expect(Authorization.verdict(on: .known, for: limited) == .everything)
        limited.scope = Scope(topics: Set(ScopeNames.topics), commands: Set(ScopeNames.commands))
        for act: Act in [.events, .metrics, .outcomes, .settings, .differences, .plans] {
            #expect(
                Authorization.verdict(on: act, for: limited)
                    == Authorization.verdict(on: act, for: whole))
        }
    }

    // MARK: - Rights that change

    @Test @LoopActor func `a lesser role ends what it may not have on a live socket`() async throws
    {
        let access = Lonely.TokenIsRole()
        let (gateway, sockets) = try Lonely.gateway(access: access)
        let talk = try await Talk(gateway, sockets, token: "operator")
        _ = try await talk.ask("sub.open", ["sub": 1, "topic": "commands"])
        _ = try await talk.ask("view.open", ["sub": 2, "topic": "tasks"])
        _ = try await talk.ask("events.open", ["sub": 3])
        _ = try await talk.ask("sub.open", ["sub": 4, "topic": "stats"])

        access.changes["operator"] = .wall
        checkRights(of: talk)

        let ended = try await talk.until {
            let resets = try talk.frames.filter { $0["method"]?.string == "sub.reset" }
            return resets.count >= 3 ? resets : nil
        }
        #expect(Set(ended.compactMap { $0["params"]?["sub"]?.integer }) == [1, 2, 3])
        let refused = try await talk.ask("query", ["topic": "tasks"])
        #expect(refused["error"]?["code"] == 1003)
        let kept = try await talk.ask("sub.close", ["sub": 4])
        #expect(kept["error"] == nil)
    }

    @Test @LoopActor func `a credential that is no more ends a live socket`() async throws {
        let access = Lonely.TokenIsRole()
        let (gateway, sockets) = try Lonely.gateway(access: access)
        let talk = try await Talk(gateway, sockets, token: "operator")

        access.changes["operator"] = .some(nil)
        checkRights(of: talk)

        let code = try await talk.until { sockets.closed[talk.socket] }
        #expect(code == 4401)
    }

    @Test @LoopActor func `rights of many clients are looked at once for each credential`()
        async throws
    {
        let access = Lonely.TokenIsRole()
        let (gateway, sockets) = try Lonely.gateway(access: access)
        var talks: [Talk] = []
        for number in 1...40 {
            let token = number.isMultiple(of: 2) ? "operator" : "viewer"
            talks.append(try await Talk(gateway, sockets, token: token, number: UInt64(number)))
        }
        access.asked = []
        access.changes["operator"] = .some(nil)

        for talk in talks { age(talk) }
        gateway.sessions.sweep()
        // One round at a time: the next one waits for the first to be over.
        for talk in talks { age(talk) }
        gateway.sessions.sweep()

        for (number, talk) in talks.enumerated() where !number.isMultiple(of: 2) {
            #expect(try await talk.until { sockets.closed[talk.socket] } == 4401)
        }
        _ = try await talks[0].until { gateway.sessions.isCheckingRights ? nil : true }
        #expect(access.asked.sorted() == ["operator", "viewer"])
        #expect(sockets.closed.count == 20)
    }

    /// The next sweep, as if its time had come.
    @LoopActor private func checkRights(of talk: Talk) {
        age(talk)
        talk.gateway.sessions.sweep()
    }

    @LoopActor private func age(_ talk: Talk) {
        let session = talk.gateway.sessions.sessions[talk.socket]
        session?.checkedAt -= SessionLimits.rightsMilliseconds
        // However long the test had to wait for the loop: this client is not silent.
        session?.heardAt = talk.gateway.sessions.now
    }
}
