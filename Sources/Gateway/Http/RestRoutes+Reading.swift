internal import EventLoop
internal import LiveSync
internal import Ports
internal import WireFormats

extension RestRoutes {
    private static let view = RestParameter.choice(
        "view", ["flower"], "What Celery's own `State`, and so Flower, makes of the same events.")
    private static let list: JsonValue = ["type": "array"]
    private static let taskPage = RestReply.object([
        "tasks": list, "next": RestReply.nextPage,
    ])

    /// What can be read beside whole topics.
    static let reading = describing + commands + others + tasks + [audit]

    private static let others: [RestRoute] = [
        .get(
            "/api/celery/workers/{name}", "One worker.", .topic(Topics.workers),
            RestReply(status: 200, schema: ["type": "object"]), query: [view]
        ) { desk, call in desk.worker(call) },
        .get(
            "/api/celery/queues/{name}", "One queue.", .topic(Topics.queues), .row(Topics.queues)
        ) { desk, call in desk.row(Topics.queues, call) },
        .get(
            "/api/celery/queues/{name}/messages", "What waits, next one first.",
            .topic(Topics.tasks),
            .object([
                "queue": ["type": "string"], "total": ["type": "integer"], "messages": list,
                "next": RestReply.nextPage,
            ]),
            query: RestParameter.part(
                most: DetailRequest.mostMessages, usual: DetailRequest.usualMessages),
            asksBroker: true
        ) { desk, call in await desk.messages(call) },
        .get(
            "/api/celery/trash/{id}", "What a purge has removed.", .topic(Topics.trash),
            .row(Topics.trash),
            query: RestParameter.part(
                most: DetailRequest.mostMessages, usual: DetailRequest.usualMessages),
            asksBroker: true
        ) { desk, call in await desk.trash(call) },
        .get(
            "/api/celery/groups/{id}", "How far a group or a chord is.", .groups,
            .object(["id": ["type": "string"], "done": ["type": "integer"], "tasks": list]),
            asksBroker: true
        ) { desk, call in await desk.group(call) },
    ]

    private static let audit: RestRoute = {
        var route = RestRoute.get(
            "/api/celery/audit", "A page of the audit, newest line first.", .topic(Topics.audit),
            .object([
                "audit": ["type": "array", "items": OpenApi.reference(to: Topics.audit)],
                "next": RestReply.nextPage,
            ]),
            query: RestParameter.page(
                most: HttpDesk.auditPage.most, usual: HttpDesk.auditPage.usual)
        ) { desk, call in await desk.auditPage(call) }
        // The records may not answer.
        route.refusals.insert(503)
        return route
    }()

    private static let describing: [RestRoute] = [
        .get(
            "/api/openapi.json", "This document.", .known,
            .object(["openapi": ["type": "string"], "paths": ["type": "object"]])
        ) { desk, _ in json(OpenApi.document(version: desk.to.version)) },
        .get(
            "/metrics", "Figures of the gateway and of Celery, in Prometheus's text format 0.0.4.",
            .metrics, .text
        ) { desk, _ in desk.metrics() },
        .get(
            "/api/celery/catalog", "All commands as they are declared.", .known,
            .object(["commands": list])
        ) { _, _ in json(["commands": CommandReference.json]) },
        .get(
            "/api/celery/differences", "Settings and tasks that are not the same on all workers.",
            .differences, .object(["differences": list])
        ) { desk, _ in desk.differences() },
    ]

    private static let commands: [RestRoute] = [
        .get(
            "/api/celery/commands/{id}", "One command, and the answers if it was a question.",
            .topic(Topics.commands), .row(Topics.commands)
        ) { desk, call in await desk.command(call) },
        .get(
            "/api/celery/commands/{id}/items", "What became of each task of a command for many.",
            .outcomes,
            .object([
                "total": ["type": "integer"], "offset": ["type": "integer"], "items": list,
                "next": RestReply.nextPage,
            ]),
            query: RestParameter.part(most: BulkLimits.page, usual: BulkLimits.page)
        ) { desk, call in await desk.items(call) },
        .get(
            "/api/celery/plans/{plan}", "The list of a plan of one's own.", .plans,
            .object([
                "plan": ["type": "string"], "count": ["type": "integer"], "tasks": list,
                "next": RestReply.nextPage,
            ]),
            query: RestParameter.part(most: BulkLimits.page, usual: BulkLimits.page)
        ) { desk, call in desk.plan(call) },
    ]

    private static let tasks: [RestRoute] = [
        .get(
            "/api/celery/events", "A page of the event log, oldest first.", .events,
            .object([
                "epoch": ["type": "string"], "items": list, "gaps": list,
                "next": ["type": "string"], "more": ["type": "boolean"],
            ]),
            query: [
                .text("from", "`oldest`, `now`, or the `next` of the page before."),
                .number("limit", 1...1_000, usual: 100, "How many at most."),
                .text("type", "Types of events; patterns, with commas between."),
                .text("name", "Names of tasks; patterns, with commas between."),
                .text("queue", "Queues; patterns, with commas between."),
                .text("worker", "Workers; patterns, with commas between."),
                .choice("format", EventFormat.allCases.map(\.rawValue), "The form of an event."),
            ]
        ) { desk, call in desk.events(call) },
        .get(
            "/api/celery/tasks", "A page of tasks, newest first.", .topic(Topics.tasks), taskPage,
            query: RestParameter.taskPage + [
                .text("state", "States, with commas between."), .text("queue", "A queue."),
                .text("worker", "A worker."), .text("name", "The name of a task."), view,
            ]
        ) { desk, call in desk.tasks(call) },
        .get(
            "/api/celery/tasks/active", "Tasks that run.", .topic(Topics.tasks), taskPage,
            query: RestParameter.taskPage
        ) { desk, call in desk.tasks(call, only: ["STARTED"]) },
        .get(
            "/api/celery/tasks/scheduled", "Tasks that wait for their time.", .topic(Topics.tasks),
            taskPage, query: RestParameter.taskPage
        ) { desk, call in
            desk.tasks(call, only: ["PENDING", "RECEIVED", "RETRY"], isScheduled: true)
        },
        .get(
            "/api/celery/tasks/{id}", "One task, with its attempts.", .topic(Topics.tasks),
            RestReply(status: 200, schema: ["type": "object"]), query: [view]
        ) { desk, call in desk.task(call) },
    ]
}
