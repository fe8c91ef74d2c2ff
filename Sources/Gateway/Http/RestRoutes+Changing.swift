internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

extension RestRoutes {
    /// What has something done.
    static let changing: [RestRoute] = [
        .post(
            "/api/celery/reconcile", "Have the workers and the result backend asked anew.",
            .reconcile, .object(["state": ["type": "string"]], status: 202)
        ) { desk, _ in desk.reconcile() },
        everySession,
        .post(
            "/api/tickets",
            "Get a one-time ticket for the first frame of a WebSocket, good for half a minute.",
            .known,
            .object(["ticket": ["type": "string"], "ttlMs": ["type": "integer"]], status: 201),
            body: ["type": "object", "properties": ["origin": ["type": "string"]]]
        ) { desk, call in desk.issueTicket(call) },
        planning,
        .command(
            "/api/celery/commands", "Submit a command that the body names.",
            body: [
                "type": "object", "required": ["cmd"],
                "properties": [
                    "cmd": names, "args": ["type": ["object", "null"]],
                    "expect": RestRoute.expectations,
                    "deadlineMs": RestRoute.deadline,
                ],
            ]
        ) { _, body in (body["cmd"]?.string ?? "", body["args"] ?? .object([])) },
        namedCommand,
        .command("/api/celery/workers/{name}/restart", "Restart a worker's pool.") { name, _ in
            ("worker.restart", ["workers": [.string(name)]])
        },
        .command("/api/celery/workers/{name}/shutdown", "Shut a worker down.") { name, _ in
            ("worker.shutdown", ["workers": [.string(name)]])
        },
        .command("/api/celery/queues/{name}/purge", "Empty a queue.") { name, _ in
            ("queue.purge", ["queue": .string(name)])
        },
        .command("/api/celery/tasks/{id}/revoke", "Revoke a task.") { id, body in
            let options = ["terminate", "signal"].compactMap { name in
                body[name].map { JsonMember(name, $0) }
            }
            return ("task.revoke", .object([JsonMember("id", .string(id))] + options))
        },
    ]

    private static let names: JsonValue = [
        "enum": .array(CommandCatalog.all.map { .string($0.name) })
    ]

    private static let namedCommand: RestRoute = {
        var route = RestRoute.command(
            "/api/celery/commands/{id}",
            "Submit a command; the body has its arguments, and beside them `expect` and `deadlineMs`."
        ) { name, body in (name, arguments(in: body)) }
        route.pathSchemas = ["id": names]
        return route
    }()

    private static let everySession = RestRoute(
        "DELETE", "/api/sessions", "End all sessions of the caller, wherever they were opened.",
        replies: [.object(["ended": ["type": "integer"]])], refusals: [401, 403, 415, 429, 503],
        .guarded(.known, { desk, call in await desk.closeSessions(call) }))

    private static let planning: RestRoute = {
        var route = RestRoute.post(
            "/api/celery/plans", "Find out which tasks a command would be about.", nil,
            .object(
                [
                    "plan": ["type": "string"], "count": ["type": "integer"],
                    "tasks": ["type": "array"],
                ], status: 201),
            body: [
                "type": "object", "required": ["cmd", "where"],
                "properties": [
                    "cmd": ["enum": .array(CommandCatalog.planned.map { .string($0.name) })],
                    "where": ["type": "array", "minItems": 1],
                ],
            ]
        ) { desk, call in await desk.makePlan(call) }
        route.refusals.formUnion([404, 429])
        route.isRated = true
        return route
    }()

    /// The body without what stands beside the arguments.
    private static func arguments(in body: JsonValue) -> JsonValue {
        .object((body.object ?? []).filter { !["expect", "deadlineMs"].contains($0.name) })
    }
}
