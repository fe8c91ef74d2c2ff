internal import Ports
internal import WireFormats

extension CommandCatalog {
    /// Commands that run tasks.
    static let running: [CommandDeclaration] = [run, group, chord, retry]

    private static let delay: [CommandParameter] = [
        CommandParameter(
            "countdown", .seconds(0...CommandParameter.yearSeconds),
            "Seconds after which it may start; excludes `eta`."),
        CommandParameter("eta", .instant, "When it may start; excludes `countdown`."),
    ]

    private static let options: [CommandParameter] =
        delay + [
            CommandParameter(
                "expires", .moment(0...CommandParameter.yearSeconds),
                "When it is not wanted any more."),
            CommandParameter(
                "softTimeLimit", .seconds(0.001...31_536_000),
                "Seconds after which the task gets an exception."),
            CommandParameter(
                "timeLimit", .seconds(0.001...31_536_000),
                "Seconds after which its process is killed."),
            CommandParameter(
                "headers", .object(of: "headers of your own"),
                "They reach `request.headers` and are kept on retries."),
            CommandParameter(
                "ignoreResult", .flag,
                "Whether the result is thrown away; left out, the task's own setting holds."),
        ]

    private static let priority = CommandParameter(
        "priority", .integer(0...9, meaning: "from 0 (most urgent) to 9"),
        "Celery's priority on Redis: 0 is the most urgent.")

    private static let run = CommandDeclaration(
        name: "task.run", summary: "Runs a task, alone or as the first step of a chain.",
        parameters: [
            CommandParameter("task", .text, isRequired: true, "Name of the task."),
            CommandParameter("args", .array(of: "positional arguments"), "Positional arguments."),
            CommandParameter("kwargs", .object(of: "keyword arguments"), "Keyword arguments."),
            CommandParameter(
                "queue", .queue, "The queue; `celery` if it is left out. Excludes `exchange`."),
            CommandParameter(
                "exchange", .queue,
                "A named exchange: the message goes to every queue that is bound to it with `routingKey`; refused if there is none."
            ),
            CommandParameter("routingKey", .queue, "With `exchange`; its name if left out."),
            priority,
        ] + options + [
            CommandParameter("shadow", .text, "Name to show instead of `task`."),
            CommandParameter("link", .signatures, "Called with the result."),
            CommandParameter("linkError", .signatures, "Called if it fails."),
            CommandParameter(
                "chain", .signatures,
                "What runs afterwards, in this order, each with the result of the one before unless `immutable`."
            ),
        ],
        roles: [.operator, .admin, .bot], proof: .taskSeen,
        evidence: "The broker has the message; a worker reports that task (of a chain, the first).",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("exchange", "queue")
            var spec = RunSpec(task: args.required("task"), id: try args.newID(0))
            spec.args = args["args"]?.array ?? []
            spec.kwargs = args["kwargs"]?.object ?? []
            spec.queue = args.text("queue") ?? spec.queue
            if let exchange = args.text("exchange") {
                spec.exchange = TaskMessage.Exchange(
                    name: exchange, routingKey: args.text("routingKey") ?? exchange)
            } else if args.has("routingKey") {
                throw .argument("routingKey", "needs args.exchange")
            }
            spec.priority = args.integer("priority")
            spec.shadow = args.text("shadow")
            try read(options: args, into: &spec)
            spec.link = try args.signatures("link", firstID: nil)
            spec.linkError = try args.signatures("linkError", firstID: nil)
            spec.chain = try args.signatures("chain", firstID: 1)
            return .run(spec)
        })

    private static func read(
        options args: CommandArguments, into spec: inout RunSpec
    ) throws(CommandFault) {
        try args.exclude("countdown", "eta")
        spec.eta = args.moment("countdown") ?? args.moment("eta")
        spec.expires = args.moment("expires")
        spec.softTimeLimit = args.seconds("softTimeLimit")
        spec.timeLimit = args.seconds("timeLimit")
        spec.headers = args["headers"]?.object ?? []
        spec.ignoreResult = args["ignoreResult"]?.bool
        if let soft = spec.softTimeLimit, let hard = spec.timeLimit, soft > hard {
            throw .argument("softTimeLimit", "must not be above args.timeLimit")
        }
    }

    private static let members: [CommandParameter] = [
        CommandParameter("tasks", .signatures, isRequired: true, "The tasks."),
        CommandParameter(
            "queue", .queue, "The queue of those that name none; `celery` if left out."),
    ]

    private static let group = CommandDeclaration(
        name: "task.group", summary: "Runs tasks side by side, as one group.",
        parameters: members + options, roles: [.operator, .admin, .bot], proof: .taskSeen,
        evidence: "The broker has all messages, or none; workers report every task.",
        make: { (args: CommandArguments) throws(CommandFault) in
            .group(try readGroup(args, body: nil))
        })

    private static let chord = CommandDeclaration(
        name: "task.chord",
        summary: "Runs tasks side by side, and one more with the list of their results.",
        parameters: members + [
            CommandParameter(
                "body", .signature, isRequired: true, "Called when all of `tasks` have succeeded.")
        ] + options,
        roles: [.operator, .admin, .bot], proof: .taskSeen,
        evidence:
            "The broker has all messages, or none; workers report every one of `tasks`. Needs a result backend on the workers.",
        make: { (args: CommandArguments) throws(CommandFault) in
            let count = args["tasks"]?.array?.count ?? 0
            let body = SignatureReader.signature(
                args["body"] ?? .null, id: try args.newID(count + 1))
            return .group(try readGroup(args, body: body))
        })

    private static func readGroup(
        _ args: CommandArguments, body: Signature?
    ) throws(CommandFault) -> GroupSpec {
        var group = GroupSpec(id: try args.newID(0), runs: [], body: body)
        group.body?.groupID = group.id
        for (index, task) in try args.signatures("tasks", firstID: 1).enumerated() {
            var spec = RunSpec(task: task.task, id: task.taskID ?? "")
            spec.args = task.args
            spec.kwargs = task.kwargs
            spec.queue = task.queue ?? args.text("queue") ?? spec.queue
            spec.priority = task.priority
            try read(options: args, into: &spec)
            spec.place = RunSpec.Place(group: group.id, index: index)
            spec.chord = group.body
            group.runs.append(spec)
        }
        return group
    }

    static let retry = CommandDeclaration(
        name: "task.retry",
        summary:
            "Runs a task again that has ended, under a new id, with the same or other arguments.",
        parameters: [
            CommandParameter("id", .text, "The task that ran; or `plan`."), plan,
            CommandParameter(
                "task", .text, "Its name, if it is shown under another one (`shadow`)."),
            CommandParameter(
                "args", .array(of: "positional arguments"),
                "Instead of the old ones. Needed if those are not known exactly: Celery cuts and shortens them in its events."
            ),
            CommandParameter(
                "kwargs", .object(of: "keyword arguments"), "Instead of the old ones, likewise."),
            CommandParameter("queue", .queue, "Instead of the old one."),
        ] + delay,
        roles: [.operator, .admin], proof: .taskSeen,
        evidence:
            "The broker has the message; a worker reports the new task. It has the header `celeriac-retry-of`; priority is kept, limits and callbacks are not known.",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("countdown", "eta")
            if let plan = args.text("plan") {
                for name in ["id", "task", "args", "kwargs"] { try args.exclude("plan", name) }
                let eta = args.moment("countdown") ?? args.moment("eta")
                let act = PlannedSpec.Act.retry(queue: args.text("queue"), eta: eta)
                return .planned(PlannedSpec(plan: plan, act: act))
            }
            guard let id = args.text("id") else {
                throw .argument("id", "must be a text, or args.plan")
            }
            return .retry(
                RetrySpec(
                    id: id, newID: try args.newID(0), task: args.text("task"),
                    args: args["args"]?.array, kwargs: args["kwargs"]?.object,
                    queue: args.text("queue"), eta: args.moment("countdown") ?? args.moment("eta"))
            )
        })
}
