internal import Ports
internal import WireFormats

extension CommandCatalog {
    /// Commands that pause queues: Celery itself cannot (wire.md 7.5).
    static let pausing: [CommandDeclaration] = [pause, resume]

    private static let queue = CommandParameter("queue", .queue, isRequired: true, "The queue.")

    private static let pause = CommandDeclaration(
        name: "queue.pause",
        summary:
            "Makes all workers stop consuming a queue, also those that start later, until it is resumed. Messages wait in it; nothing stops who publishes them.",
        parameters: [
            queue,
            CommandParameter(
                "resumeAt", .instant, "When it is resumed by itself; else by hand only."),
            CommandParameter(
                "seconds", .seconds(1...CommandParameter.yearSeconds),
                "Instead: how long it is paused."),
            CommandParameter("reason", .text, "Why, for people."),
        ],
        roles: [.operator, .admin], proof: .observed(.consumedQueues),
        evidence:
            "`active_queues` of each worker that consumed it does not show it; without such a worker, that it is recorded. Tasks that workers have taken already still run (their number is told), and a worker that starts may take what it takes in advance (`worker_prefetch_multiplier`, 4, and one that runs, for each slot) before it hears of the pause.",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("resumeAt", "seconds")
            return .pause(
                PauseSpec(
                    queue: args.required("queue"),
                    end: args.moment("resumeAt") ?? args.moment("seconds"),
                    reason: args.text("reason")))
        })

    private static let resume = CommandDeclaration(
        name: "queue.resume",
        summary:
            "Makes those workers consume a paused queue again that consumed it, or would have done so.",
        parameters: [queue], roles: [.operator, .admin], proof: .observed(.consumedQueues),
        evidence:
            "`active_queues` of each of them shows the queue, with the exchange and routing key of before. Who is away is told when it comes back within an hour.",
        make: { (args: CommandArguments) throws(CommandFault) in
            .resume(queue: args.required("queue"))
        })
}
