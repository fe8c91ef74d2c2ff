import EventLoop
import Fleet
import LiveSync
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Credentials that are for some queues and names of tasks: what they see of the others, by every way there
/// is, and what they may do with them. Everything of others has `secret` in its text.
@Suite struct GrantTests {
    init() { EventLoop.shared.startThread() }

    private static let limits: [String: Scope] = [
        "queues": Scope(queues: ["ma*"]), "tasks": Scope(tasks: ["shop.*"]),
        "both": Scope(queues: ["mail"], tasks: ["shop.*"]),
    ]
    private static let scopes = limits.keys.sorted()

    /// A gateway that knows tasks, queues and all else, of mine and of others.
    @LoopActor private func gateway(
        _ role: Role, _ scope: Scope, broker: any BrokerCommands = Lonely.NoBroker()
    ) throws -> (gateway: Gateway, sockets: Lonely.Sockets, access: Lonely.TokenIsRole) {
        let access = Lonely.TokenIsRole()
        access.scopes[role.rawValue] = scope
        let (gateway, sockets) = try Lonely.gateway(broker: broker, access: access)
        tasks(
            [
                ("mine", "shop.pay", "mail"), ("secret-both", "secret.name", "secret-queue"),
                ("secret-name", "secret.name", "secret-queue"), ("secret-none", nil, nil),
            ], in: gateway)
        let engine = gateway.rows.engine
        func row(_ schema: TopicSchema, _ id: String, _ fields: KeyValuePairs<String, FieldValue>) {
            engine.upsert(
                engine.topic(named: schema.name), id: id,
                fields.compactMap { name, value in
                    schema.column(name).map { FieldUpdate($0, value) }
                })
        }
        for queue in ["mail", "secret-queue"] {
            row(Topics.queues, queue, ["depth": .int(3)])
            row(
                Topics.alerts, "queue-unconsumed:queue \(queue)",
                ["subject": .text("queue \(queue)"), "rule": .text("queue-unconsumed")])
            row(Topics.trash, "trash of \(queue)", ["queue": .text(queue), "count": .int(1)])
            gateway.trash.added(
                TrashRecord(
                    id: "trash of \(queue)", queue: queue, by: "x", at: 900, expiresAt: 9_000,
                    counts: [1], left: [1]))
        }
        // Numbers stand for what somebody may not see: figures without a name or a queue have no other.
        for (number, name) in ["shop.pay", "secret.name"].enumerated() {
            row(
                Topics.stats, "name:\(name)",
                ["name": .text(name), "count": .int(710_000_000 + number)])
        }
        for (number, (name, queue)) in Self.loads.enumerated() {
            row(
                Topics.stats, "load:90\(number)",
                [
                    "name": FieldValue(name), "queue": FieldValue(queue),
                    "count": .int(810_000_000 + number),
                ])
        }
        row(
            Topics.alerts, "redelivery-due:broker",
            [
                "subject": .text("broker"), "rule": .text("redelivery-due"),
                "detail": .text("task secret-both"),
            ])
        row(
            Topics.alerts, "delivery-storm:task secret-name",
            ["subject": .text("task secret-name"), "rule": .text("delivery-storm")])
        row(
            Topics.alerts, "memory-full:broker",
            ["subject": .text("broker"), "rule": .text("memory-full")])
        row(
            Topics.workers, "a@h",
            [
                "state": .text("online"), "queues": .list(#"["mail","secret-queue"]"#),
                "registered": .list(#"["secret.name"]"#),
                "rateLimits": .list(#"["secret.name 1/m"]"#),
            ])
        // Names are given anew: somebody of before was called the same.
        row(
            Topics.commands, "c1",
            ["by": .text("called x then"), "principal": .text(role.rawValue)])
        row(
            Topics.commands, "secret-c2",
            ["by": .text(role.rawValue), "principal": .text("somebody")])
        engine.commit(at: 0)
        return (gateway, sockets, access)
    }

    @LoopActor private func tasks(
        _ tasks: [(id: String, name: String?, queue: String?)], in gateway: Gateway
    ) {
        let events = tasks.map { id, name, queue in
            var event = TaskEvent(
                queue == nil ? .started : .sent, uuid: id,
                origin: EventOrigin(hostname: "a@h", timestamp: 1_000, pid: 1, clock: 1))
            event.name = name
            event.queue = queue
            return CeleryEvent.task(event)
        }
        gateway.receive(
            .batch(
                SubscriptionBatch(
                    items: events, messages: events.count, bytes: 100, dropped: 0,
                    receivedAt: 1_000)))
        gateway.feed.publish(now: 1_000)
        gateway.rows.engine.commit(at: 0)
    }

    private func request(
        _ method: String, _ path: String, _ role: Role, _ body: JsonValue = .object([]),
        query: String = "", tag: String? = nil
    ) -> HttpRequest {
        var headers = [
            "content-type": "application/json", "idempotency-key": "k",
            "authorization": "Bearer \(role.rawValue)",
        ]
        headers["if-none-match"] = tag
        return HttpRequest(
            method: method, path: path, query: query, headers: headers,
            body: method == "POST" ? Array(body.text().utf8) : [])
    }

    private func text(_ response: HttpResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    // MARK: - What is seen

    /// What everybody sees who is not limited to queues, or not to names.
    private static func mayHave(_ scope: String, _ text: String) -> Bool {
        switch scope {
        case "queues": text == "secret.name"
        case "tasks": text == "secret-queue"
        default: false
        }
    }

    private static let secrets = [
        "secret.name", "secret-queue", "secret-both", "secret-name", "secret-none", "secret-c2",
    ]

    /// Whether a text of others is told to who may not have it.
    private func leak(_ text: String, _ scope: String) -> String? {
        Self.secrets.first { !Self.mayHave(scope, $0) && text.contains($0) }
    }

    @Test(arguments: scopes, Topics.all.map(\.name))
    @LoopActor func `no topic tells of others, over a socket or over HTTP`(
        scope: String, name: String
    ) async throws {
        let schema = try #require(Topics.all.first { $0.name == name })
        let method = schema.kind == .whole ? "sub" : "view"
        var seen: [String] = []
        let limited = try #require(Self.limits[scope])
        for limit in [Scope.unlimited, limited] {
            let (gateway, sockets, _) = try gateway(.admin, limit)
            let talk = try await Talk(gateway, sockets, token: "admin")
            let opened = try await talk.ask("\(method).open", ["sub": 1, "topic": .string(name)])
            if opened["error"] == nil {
                _ = try await talk.until {
                    try talk.frames.first { $0["method"]?.string == "\(method).snap" }
                }
            }
            let read = await gateway.respond(to: request("GET", "/api/celery/\(name)", .admin))
            seen.append(try talk.frames.map { $0.text() }.joined() + text(read))
            if name == "audit" {
                #expect((opened["error"]?["code"] == 1003) == !limit.isUnlimited)
                #expect((read.status == 403) == !limit.isUnlimited)
            }
        }

        // Of what has rows of others, who is not limited sees them: so the rest of this can fail.
        let hasOthers = !["health", "audit"].contains(name)
        #expect(seen[0].contains("secret") == hasOthers)
        #expect(leak(seen[1], scope) == nil, "\(seen[1])")
        let own = [
            "stats": scope == "tasks" ? "shop.pay" : "mail", "workers": "a@h", "queues": "mail",
            "commands": "c1",
            "tasks": "shop.pay", "alerts": "memory-full", "trash": "trash of mail",
        ]
        if let own = own[name] {
            // What of a trash is whose is not known.
            #expect(seen[1].contains(own) == (name != "trash" || scope == "queues"))
        }
    }

    private static let loads: [(String?, String?)] = [
        ("shop.pay", "mail"), ("shop.pay", "secret-queue"), ("secret.name", "mail"),
        (nil, "mail"), ("shop.pay", nil), (nil, nil),
    ]

    /// Queues: not what a name's tasks did in all of them; and a load is shown as its tasks are.
    @Test(arguments: [
        ("queues", ["810000000", "810000002", "810000003"]),
        ("tasks", ["710000000", "810000000", "810000001", "810000004"]),
        ("both", ["810000000"]),
    ])
    @LoopActor func `figures are shown as the tasks are that they count`(
        scope: String, shown: [String]
    ) async throws {
        let (gateway, sockets, _) = try gateway(.operator, try #require(Self.limits[scope]))
        let talk = try await Talk(gateway, sockets, token: "operator")
        _ = try await talk.ask("sub.open", ["sub": 1, "topic": "stats"])
        let snapshot = try await talk.until {
            try talk.frames.first { $0["method"]?.string == "sub.snap" }
        }.text()
        let read = text(await gateway.respond(to: request("GET", "/api/celery/stats", .operator)))

        let all = [710_000_000, 710_000_001] + Array(810_000_000..<810_000_006)
        for number in all.map(String.init) {
            #expect(snapshot.contains(number) == shown.contains(number), "\(number)")
            #expect(read.contains(number) == shown.contains(number), "\(number)")
        }
        #expect(read.contains(#""fleet""#))
    }

    @Test(arguments: scopes, Rights.roles)
    @LoopActor func `what is read in other ways tells of others neither`(
        scope: String, role: Role
    ) async throws {
        let (gateway, sockets, _) = try gateway(role, try #require(Self.limits[scope]))
        let talk = try await Talk(gateway, sockets, token: role.rawValue)
        _ = try await talk.ask("query", ["topic": "tasks", "where": ["contains", "*", "secret"]])
        let events = try await talk.ask("events.open", ["sub": 3, "after": "oldest"])
        if events["error"] == nil {
            let batch = try await talk.until {
                try talk.frames.first { $0["method"]?.string == "events.batch" }
            }
            #expect(batch.text().contains("mine"))
        }
        var seen = try talk.frames.map { $0.text() }.joined()
        for route in RestRoutes.all where route.method == "GET" && !route.isOpen {
            let hasView = route.query.contains { $0.name == "view" }
            for (id, view) in [
                ("secret-both", ""), ("secret-queue", ""), ("a@h", ""),
                ("secret-none", hasView ? "view=flower" : ""),
            ] {
                let path = route.path.replacing(/\{[a-z]+\}/, with: id)
                let answer = await gateway.respond(to: request("GET", path, role, query: view))
                // An answer may say what was asked for.
                seen += text(answer).replacing(id, with: "")
            }
        }
        #expect(leak(seen, scope) == nil)
    }

    @Test(arguments: [
        ("tasks/secret-both", "tasks/nobody"), ("queues/secret-queue", "queues/nobody"),
        ("commands/secret-c2", "commands/nobody"),
        ("commands/secret-c2/items", "commands/nobody/items"),
        ("trash/trash of secret-queue", "trash/nobody"), ("groups/secret-both", "groups/nobody"),
        ("queues/secret-queue/messages", "queues/nobody/messages"),
    ])
    @LoopActor func `what is there is refused as what is not`(there: String, nowhere: String)
        async throws
    {
        let (gateway, _, _) = try gateway(.admin, try #require(Self.limits["both"]))
        let one = await gateway.respond(to: request("GET", "/api/celery/\(there)", .admin))
        let other = await gateway.respond(to: request("GET", "/api/celery/\(nowhere)", .admin))

        #expect(one.status == other.status && [403, 404].contains(one.status))
        #expect(text(one) == text(other))
    }

    @Test(arguments: ["queues", "tasks"])
    @LoopActor func `neither counts nor tags tell that something happens to others`(
        name: String
    ) async throws {
        let (gateway, sockets, _) = try gateway(.operator, try #require(Self.limits["both"]))
        let path = "/api/celery/\(name)"
        let before = await gateway.respond(to: request("GET", path, .operator))
        let tag = try #require(before.headers.first { $0.name == "etag" }?.value)
        func counts(_ number: UInt64) async throws -> [JsonValue?] {
            let talk = try await Talk(gateway, sockets, token: "operator", number: number)
            let found = try await talk.ask("query", ["topic": "tasks"])
            _ = try await talk.ask("view.open", ["sub": 1, "topic": "tasks"])
            let snapshot = try await talk.until {
                try talk.frames.first { $0["method"]?.string == "view.snap" }
            }
            return [found["result"]?["looked"], snapshot["params"]?["total"]]
        }
        #expect(try await counts(1) == [1, 1])

        tasks((0..<9).map { ("secret-\($0)", "secret.name", "secret-queue") }, in: gateway)
        let after = await gateway.respond(to: request("GET", path, .operator, tag: tag))

        #expect(after.status == 304)
        #expect(try await counts(2) == [1, 1])
    }

    // MARK: - What is done

    /// Whether a command about what is mine may be given by who is limited to queues, to names, to both.
    private static let commands = [
        "task.run": "+++", "task.group": "+++", "task.chord": "+++", "task.retry": "+++",
        "task.revoke": "+++", "task.revokeStamped": "---", "task.query": "+++",
        "worker.ping": "---", "worker.report": "---", "worker.memory": "---",
        "worker.poolGrow": "---", "worker.poolShrink": "---", "worker.autoscale": "---",
        "worker.rateLimit": "-+-", "worker.timeLimit": "-+-", "worker.addConsumer": "---",
        "worker.cancelConsumer": "---", "worker.enableEvents": "---",
        "worker.disableEvents": "---", "worker.restart": "---", "worker.shutdown": "---",
        "queue.purge": "+--", "queue.restore": "+--", "queue.pause": "+--", "queue.resume": "+--",
        "message.delete": "+--", "message.move": "+--", "message.prioritize": "+--",
    ]

    /// Arguments about what is mine, or of others.
    private func args(_ command: CommandDeclaration, mine: Bool) -> JsonValue {
        let task: JsonValue = mine ? "shop.pay" : "secret.name"
        let queue: JsonValue = mine ? "mail" : "secret-queue"
        let id: JsonValue = mine ? "mine" : "secret-both"
        let call: JsonValue = ["task": task, "queue": queue]
        let known: [String: JsonValue] = [
            "task": task, "queue": queue, "to": mine ? "mall" : "secret-queue", "id": id,
            "ids": [id], "tasks": [call], "body": call,
            "trash": mine ? "trash of mail" : "trash of secret-queue",
        ]
        var members = SampleCommands.args(of: command).object ?? []
        for index in members.indices {
            if let value = known[members[index].name] { members[index].value = value }
        }
        if command.name == "message.move", !mine {
            // Another one than where it comes from.
            members.removeAll { $0.name == "queue" }
            members.append(JsonMember("queue", "mail"))
        }
        if command.name == "task.run" { members.append(JsonMember("queue", queue)) }
        return .object(members)
    }

    @Test func `the table names every command`() {
        #expect(Set(Self.commands.keys) == Set(CommandCatalog.all.map(\.name)))
    }

    @Test(arguments: ["queues", "tasks", "both"], CommandCatalog.all.map(\.name))
    @LoopActor func `a command is for what its principal is for`(
        scope: String, name: String
    ) async throws {
        let (gateway, _, _) = try gateway(.admin, try #require(Self.limits[scope]))
        let command = try CommandCatalog.command(name)
        let place = try #require(["queues", "tasks", "both"].firstIndex(of: scope))
        let cell = Array(try #require(Self.commands[name]))[place]
        let path = "/api/celery/commands/\(name)"

        let own = await gateway.respond(
            to: request("POST", path, .admin, args(command, mine: true)))
        let others = await gateway.respond(
            to: request("POST", path, .admin, args(command, mine: false)))

        // Who may is told that there is no broker.
        #expect(own.status == (cell == "+" ? 503 : 403), "\(text(own))")
        #expect(others.status == 403, "\(text(others))")
        #expect(leak(text(others), "both") == nil)
        let lines = try await gateway.http.to.auditFeed.page(before: nil, limit: 10)
        #expect(lines.contains { $0.entry.action == name && $0.entry.detail.contains("alone") })
    }

    /// Celery's own tasks run what their arguments say, wherever those say.
    @Test(arguments: [
        #"{"task": "celery.group", "queue": "mail", "args": [[{"task": "a", "options": {"queue": "secret-queue"}}]]}"#,
        #"{"task": "shop.pay", "queue": "mail", "link": [{"task": "celery.chord", "queue": "mail"}]}"#,
        #"{"task": "shop.pay", "queue": "mail", "chain": [{"task": "celery.starmap", "queue": "mail"}]}"#,
    ])
    @LoopActor func `tasks of Celery itself are for nobody who is limited`(args: String)
        async throws
    {
        let (gateway, _, _) = try gateway(.operator, try #require(Self.limits["queues"]))
        let body = try JsonReader.parse(Array(args.utf8), limits: .client)

        let answer = await gateway.respond(
            to: request("POST", "/api/celery/commands/task.run", .operator, body))

        #expect(answer.status == 403, "\(text(answer))")
    }

    @Test(arguments: [
        #"{"task": "shop.pay", "queue": "mail", "link": [{"task": "secret.name", "queue": "mail"}]}"#,
        #"{"task": "shop.pay", "queue": "mail", "linkError": [{"task": "shop.x", "queue": "secret-queue"}]}"#,
        #"{"task": "shop.pay", "queue": "mail", "chain": [{"task": "shop.x"}]}"#,
        #"{"task": "shop.pay", "exchange": "mail"}"#, #"{"task": "shop.pay"}"#,
    ])
    @LoopActor func `nothing is run by a way around`(args: String) async throws {
        let (gateway, _, _) = try gateway(.operator, try #require(Self.limits["both"]))
        let body = try JsonReader.parse(Array(args.utf8), limits: .client)

        let answer = await gateway.respond(
            to: request("POST", "/api/celery/commands/task.run", .operator, body))

        #expect(answer.status == 403, "\(text(answer))")
    }

    @Test(arguments: ["task.revoke", "task.retry"])
    @LoopActor func `ids of others, of nobody, and of tasks without a name are refused alike`(
        command: String
    ) async throws {
        let (gateway, _, _) = try gateway(.operator, try #require(Self.limits["tasks"]))
        var answers: Set<String> = []
        for id in ["secret-both", "nobody", "secret-none"] {
            let answer = await gateway.respond(
                to: request(
                    "POST", "/api/celery/commands/\(command)", .operator, ["id": .string(id)]))
            #expect(answer.status == 403)
            answers.insert(text(answer))
        }
        #expect(answers.count == 1, "\(answers)")
    }

    @Test(arguments: scopes)
    @LoopActor func `a plan takes what its maker is for, and is worth nothing for less`(
        scope: String
    ) async throws {
        let (gateway, _, access) = try gateway(
            .operator, try #require(Self.limits[scope]), broker: Lonely.NoBroker(seemsThere: true))
        let made = await gateway.respond(
            to: request(
                "POST", "/api/celery/plans", .operator, ["cmd": "task.revoke", "where": ["and"]]))
        let plan = try JsonReader.parse(made.body, limits: .celery)

        #expect(made.status == 201 && plan["count"] == 1, "\(text(made))")
        #expect(plan["tasks"]?.array?.first?["id"] == "mine" && plan["skipped"] == .object([]))
        access.scopes["operator"] = Scope(queues: ["other"])
        let token = try #require(plan["plan"]?.string)
        let used = await gateway.respond(
            to: request(
                "POST", "/api/celery/commands/task.revoke", .operator, ["plan": .string(token)]))
        let read = await gateway.respond(
            to: request("GET", "/api/celery/plans/\(token)", .operator))
        #expect(used.status == 403 && read.status == 403)
    }

    // MARK: - Rights that change

    /// A role and its limits, by name.
    typealias Who = (role: Role, limits: String?)

    /// What a client shows when it comes back names revisions, and not who it was (R5): what it held as somebody
    /// else, or with other rights, is not gone on with.
    @Test(
        arguments: [
            ("stats", (.operator, nil), (.operator, "queues")),
            ("stats", (.operator, "queues"), (.operator, "tasks")),
            ("stats", (.operator, "both"), (.operator, nil)),
            ("queues", (.admin, nil), (.wall, "both")),
            ("commands", (.operator, "both"), (.admin, "both")),
            ("commands", (.admin, nil), (.viewer, nil)),
        ] as [(String, Who, Who)])
    @LoopActor func `nobody goes on with the rows of somebody else`(
        topic: String, before: Who, after: Who
    ) async throws {
        let scope = before.limits.flatMap { Self.limits[$0] } ?? .unlimited
        let (gateway, sockets, access) = try gateway(before.role, scope)
        let first = try await Talk(gateway, sockets, token: before.role.rawValue)
        _ = try await first.ask("sub.open", ["sub": 1, "topic": .string(topic)])
        let snapshot = try await first.until {
            try first.frames.first { $0["method"]?.string == "sub.snap" }?["params"]
        }
        let position: JsonValue = [
            "epoch": try #require(snapshot["epoch"]), "rev": try #require(snapshot["at"]),
        ]
        func comesBack(_ who: Who, _ number: UInt64) async throws -> (JsonValue?, JsonValue?) {
            access.scopes[who.role.rawValue] =
                who.limits.flatMap { Self.limits[$0] } ?? .unlimited
            let talk = try await Talk(
                gateway, sockets, token: who.role.rawValue, number: number)
            let answer = try await talk.ask(
                "sub.open", ["sub": 1, "topic": .string(topic), "since": position])
            let next = try await talk.until {
                try talk.frames.first { $0["method"]?.string?.hasPrefix("sub.") == true }
            }
            return (answer["result"], next["method"])
        }

        let (same, goesOn) = try await comesBack(before, 2)
        let (other, beginsAnew) = try await comesBack(after, 3)

        #expect(same?["mode"] == "delta" && goesOn == "sub.delta")
        #expect(other?["mode"] == "snapshot" && other?["reason"] == "role_changed")
        #expect(beginsAnew == "sub.reset")
    }

    @Test @LoopActor func `a live socket sees what its credential is for now`() async throws {
        let (gateway, sockets, access) = try gateway(.operator, .unlimited)
        let talk = try await Talk(gateway, sockets, token: "operator")
        _ = try await talk.ask("sub.open", ["sub": 1, "topic": "queues"])
        _ = try await talk.ask("view.open", ["sub": 2, "topic": "tasks", "mode": "follow"])
        _ = try await talk.ask("events.open", ["sub": 3])
        _ = try await talk.ask("sub.open", ["sub": 4, "topic": "health"])

        access.scopes["operator"] = Self.limits["both"]
        let session = try #require(gateway.sessions.sessions[talk.socket])
        session.checkedAt -= SessionLimits.rightsMilliseconds
        session.heardAt = gateway.sessions.now
        gateway.sessions.sweep()
        func resets() throws -> [Int64] {
            try talk.frames.filter { $0["method"]?.string == "sub.reset" }
                .compactMap { $0["params"]?["sub"]?.integer }
        }
        _ = try await talk.until { try resets().count >= 2 ? true : nil }
        #expect(try resets().sorted() == [1, 2])

        let count = try talk.frames.count
        tasks(
            [("secret-late", "secret.name", "secret-queue"), ("fresh", "shop.pay", "mail")],
            in: gateway)
        _ = try await talk.until {
            gateway.sessions.serve(session)
            return try talk.frames.dropFirst(count).first {
                $0["method"]?.string == "events.batch" && $0.text().contains("fresh")
            }
        }
        let since = try talk.frames.dropFirst(count).map { $0.text() }.joined()
        #expect(leak(since, "both") == nil && !since.contains("secret-late"))
    }
}
