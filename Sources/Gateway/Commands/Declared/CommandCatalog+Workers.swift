internal import Ports
internal import WireFormats

extension CommandCatalog {
    /// Commands for workers.
    static let workers: [CommandDeclaration] =
        questions + pools + limits + [
            addConsumer, cancelConsumer, enableEvents, disableEvents, restart, shutdown,
        ]

    private static let answers =
        "Each worker's answer; `answers` of `GET /api/celery/commands/{id}`"

    private static let questions: [CommandDeclaration] = [
        CommandDeclaration(
            name: "worker.ping", summary: "Asks workers whether they are there.",
            parameters: [], roles: [.operator, .admin, .bot], destination: .workers,
            proof: .answer, evidence: "Each worker's `pong`.", deadline: 5,
            make: { (_: CommandArguments) throws(CommandFault) in .control(.ping) }),
        CommandDeclaration(
            name: "worker.report",
            summary: "Asks workers for their versions and settings, as text.",
            parameters: [], roles: [.operator, .admin], destination: .workers, proof: .answer,
            evidence: "\(answers) have the text.",
            make: { (_: CommandArguments) throws(CommandFault) in .control(.report) }),
        CommandDeclaration(
            name: "worker.memory", summary: "Asks workers for the memory in use.",
            parameters: [], roles: [.operator, .admin], destination: .workers,
            needs: [.module("psutil")], proof: .answer,
            evidence: "Each worker's answer; Celery measures with psutil.",
            make: { (_: CommandArguments) throws(CommandFault) in .control(.memsample) }),
        CommandDeclaration(
            name: "task.query", summary: "Asks workers what they know about tasks.",
            parameters: [CommandParameter("ids", .texts, isRequired: true, "The tasks.")],
            roles: [.operator, .admin, .bot], destination: .workers, proof: .answer,
            evidence: "\(answers) tell `active`, `reserved`, `scheduled` or `ready`.",
            make: { (args: CommandArguments) throws(CommandFault) in
                .control(.queryTask(ids: args.texts("ids") ?? []))
            }),
    ]

    private static let resizable = CommandNeed.pool(
        ["prefork", "gevent", "eventlet"], why: "cannot change its size")

    private static let count = CommandParameter(
        "n", .integer(1...1_000), "How many; 1 if left out.")

    private static let pools: [CommandDeclaration] = [
        CommandDeclaration(
            name: "worker.poolGrow", summary: "Adds slots to a worker's pool.",
            parameters: [count], roles: [.admin], destination: .workers,
            needs: [resizable, .noAutoscaler], proof: .observed(.poolSize),
            evidence: "`stats` shows the slots: processes of prefork, `max-concurrency` of others.",
            make: { (args: CommandArguments) throws(CommandFault) in
                .control(.poolGrow(args.integer("n") ?? 1))
            }),
        CommandDeclaration(
            name: "worker.poolShrink", summary: "Takes slots from a worker's pool.",
            parameters: [count], roles: [.admin], destination: .workers,
            needs: [resizable, .noAutoscaler], proof: .observed(.poolSize),
            evidence: "`stats` shows the slots; busy processes refuse.",
            make: { (args: CommandArguments) throws(CommandFault) in
                .control(.poolShrink(args.integer("n") ?? 1))
            }),
        CommandDeclaration(
            name: "worker.autoscale", summary: "Sets the bounds of a worker's autoscaler.",
            parameters: [
                CommandParameter("max", .integer(1...1_000), isRequired: true, "Most processes."),
                CommandParameter("min", .integer(0...1_000), isRequired: true, "Fewest processes."),
            ],
            roles: [.admin], destination: .workers, needs: [.autoscaler],
            proof: .observed(.autoscaler), evidence: "`stats` shows the bounds.",
            make: { (args: CommandArguments) throws(CommandFault) in
                let (max, min) = (args.integer("max") ?? 1, args.integer("min") ?? 0)
                guard min <= max else { throw .argument("min", "must not be above args.max") }
                return .control(.autoscale(max: max, min: min))
            }),
    ]

    private static let taskName = CommandParameter(
        "task", .text, isRequired: true, "Name of the task.")
    private static let daySeconds: ClosedRange<Double> = 0.001...31_536_000

    private static let limits: [CommandDeclaration] = [
        CommandDeclaration(
            name: "worker.rateLimit", summary: "Sets how often a worker starts a task.",
            parameters: [
                taskName,
                CommandParameter(
                    "limit", .text,
                    "`100/m`, `10/s`, `5/h` or a number per second, for each worker by itself; "
                        + "left out or `0`: no limit."),
            ],
            roles: [.operator, .admin], destination: .workers, proof: .observed(.taskLimits),
            evidence: "`registered` shows the limit. It lasts until the worker restarts.",
            make: { (args: CommandArguments) throws(CommandFault) in
                let limit = args.text("limit").flatMap { $0 == "0" ? nil : $0 }
                return .control(.rateLimit(task: args.required("task"), limit: limit))
            }),
        CommandDeclaration(
            name: "worker.timeLimit", summary: "Sets how long a task may run on a worker.",
            parameters: [
                taskName, softLimit,
                CommandParameter(
                    "hard", .seconds(daySeconds), "Until its process is killed; none if left out."),
            ],
            roles: [.operator, .admin], destination: .workers,
            needs: [.pool(["prefork", "gevent"], why: "enforces no time limits")],
            proof: .observed(.taskLimits),
            evidence:
                "`registered` shows the limits. They last until the worker restarts; gevent knows only `hard`.",
            make: { (args: CommandArguments) throws(CommandFault) in
                let (soft, hard) = (args.seconds("soft"), args.seconds("hard"))
                if let soft, let hard, soft > hard {
                    throw .argument("soft", "must not be above args.hard")
                }
                return .control(.timeLimit(task: args.required("task"), soft: soft, hard: hard))
            }),
    ]

    private static var softLimit: CommandParameter {
        var parameter = CommandParameter(
            "soft", .seconds(daySeconds), "Until the task gets an exception; none if left out.")
        // celery/concurrency/gevent.py takes it, and does nothing with it.
        parameter.needs = [.pool(["prefork"], why: "enforces no soft time limit")]
        return parameter
    }

    private static let queue = CommandParameter("queue", .queue, isRequired: true, "The queue.")

    private static let addConsumer = CommandDeclaration(
        name: "worker.addConsumer", summary: "Makes workers consume a queue.",
        parameters: [
            queue,
            CommandParameter("exchange", .queue, "Its exchange; the queue's name if left out."),
            CommandParameter(
                "exchangeType", .choice(["direct", "topic", "fanout"]), "`direct` if left out."),
            CommandParameter(
                "routingKey", .queue, "Its routing key; the queue's name if left out."),
        ],
        roles: [.operator, .admin], destination: .workers, proof: .observed(.consumedQueues),
        evidence: "`active_queues` shows the queue. It lasts until the worker restarts.",
        make: { (args: CommandArguments) throws(CommandFault) in
            .control(
                .addConsumer(
                    queue: args.required("queue"), exchange: args.text("exchange"),
                    exchangeType: args.text("exchangeType"), routingKey: args.text("routingKey")))
        })

    private static let cancelConsumer = CommandDeclaration(
        name: "worker.cancelConsumer", summary: "Makes workers stop consuming a queue.",
        parameters: [queue], roles: [.operator, .admin], destination: .workers,
        proof: .observed(.consumedQueues),
        evidence:
            "`active_queues` does not show the queue. Prefetched tasks still run; it lasts until the worker restarts.",
        make: { (args: CommandArguments) throws(CommandFault) in
            .control(.cancelConsumer(queue: args.required("queue")))
        })

    private static let enableEvents = CommandDeclaration(
        name: "worker.enableEvents", summary: "Makes workers send task events.",
        parameters: [], roles: [.operator, .admin], destination: .workers, proof: .answer,
        evidence: "Each worker's answer. It lasts until the worker restarts.",
        make: { (_: CommandArguments) throws(CommandFault) in .control(.enableEvents) })

    private static let disableEvents = CommandDeclaration(
        name: "worker.disableEvents",
        summary: "Makes workers send no task events: what they do is then only known from asking.",
        parameters: [], roles: [.admin], destination: .workers, proof: .answer,
        evidence:
            "Each worker's answer. It lasts until the worker restarts. Celery cannot switch off what `-E` has switched on, and answers `already disabled` all the same: `rejected` if its task events come, `unknown` if it has run too little to tell.",
        make: { (_: CommandArguments) throws(CommandFault) in .control(.disableEvents) })

    private static let restart = CommandDeclaration(
        name: "worker.restart", summary: "Replaces the processes of a worker's pool.",
        parameters: [], roles: [.admin], destination: .workers,
        needs: [.pool(["prefork"], why: "has no processes to restart"), .poolRestarts],
        proof: .observed(.newProcesses),
        evidence: "Pool processes that were not there before, in the place of old ones.",
        make: { (_: CommandArguments) throws(CommandFault) in .control(.poolRestart) })

    private static let shutdown = CommandDeclaration(
        name: "worker.shutdown", summary: "Stops a worker once its running tasks are done.",
        parameters: [], roles: [.admin], destination: .workers, proof: .observed(.goodbye),
        evidence: "The worker says goodbye (`worker-offline`); it does not answer this command.",
        make: { (_: CommandArguments) throws(CommandFault) in .control(.shutdown) })
}
