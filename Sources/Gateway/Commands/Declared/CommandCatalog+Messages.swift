internal import Ports

extension CommandCatalog {
    /// Commands about single messages that wait in a queue.
    static let messages: [CommandDeclaration] = [deleteMessage, moveMessage, prioritizeMessage]

    private static let place: [CommandParameter] = [
        CommandParameter("queue", .queue, isRequired: true, "The queue in which it waits."),
        CommandParameter(
            "deliveryTag", .text, isRequired: true,
            "Which message: its `deliveryTag` in `GET /api/celery/queues/{name}/messages`."),
    ]

    private static let deleteMessage = CommandDeclaration(
        name: "message.delete", summary: "Removes one waiting message from a queue.",
        parameters: [
            CommandParameter("queue", .queue, isRequired: true, "The queue in which it waits."),
            CommandParameter(
                "deliveryTag", .text,
                "Which message: its `deliveryTag` in `GET /api/celery/queues/{name}/messages`."),
            CommandParameter(
                "digest", .text,
                "Instead of `deliveryTag`, for a message that has none that can be read."),
            keep,
        ],
        expectations: [seenRevision], roles: [.admin], proof: .broker,
        evidence:
            "The broker has moved exactly that message to the trash; `rejected` if a worker took it meanwhile.",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("deliveryTag", "digest")
            let address: MessageSpec.Address
            if let tag = args.text("deliveryTag") {
                address = .tag(tag)
            } else if let digest = args.text("digest") {
                guard MessageDigest.isOne(digest) else {
                    throw .argument("digest", "must be the `digest` of a waiting message")
                }
                address = .digest(digest)
            } else {
                throw .argument("deliveryTag", "must be a text, or args.digest one")
            }
            return .message(
                MessageSpec(
                    queue: args.required("queue"), address: address,
                    act: .delete(keep: args.seconds("keep") ?? TrashLimits.keepSeconds)))
        })

    private static let moveMessage = CommandDeclaration(
        name: "message.move",
        summary: "Puts one waiting message into another queue, behind those that wait there.",
        parameters: place + [
            CommandParameter("to", .queue, isRequired: true, "The other queue."),
            CommandParameter(
                "priority", .integer(0...9),
                "Its new priority, 0 is the most urgent; left out, it keeps its own."),
        ],
        expectations: [seenRevision], roles: [.operator, .admin], proof: .broker,
        evidence: """
            The broker has moved exactly that message in one step: body, headers and id byte for byte, its retries go \
            to the new queue as well. `rejected` if a worker took it meanwhile, or if it would harm one.
            """,
        make: { (args: CommandArguments) throws(CommandFault) in
            let (queue, other) = (args.required("queue"), args.required("to"))
            guard queue != other else {
                throw .argument("to", "must be another queue; message.prioritize stays in one")
            }
            return .message(
                MessageSpec(
                    queue: queue, address: .tag(args.required("deliveryTag")),
                    act: .move(to: other, priority: args.integer("priority"))))
        })

    private static let prioritizeMessage = CommandDeclaration(
        name: "message.prioritize",
        summary: "Puts one waiting message among those of another priority, behind them.",
        parameters: place + [
            CommandParameter(
                "priority", .integer(0...9), isRequired: true,
                "0 is the most urgent. Queues have four steps: 0 to 2, 3 to 5, 6 to 8, and 9.")
        ],
        expectations: [seenRevision], roles: [.operator, .admin], proof: .broker,
        evidence: """
            The broker has moved exactly that message in one step, all but its priority byte for byte. `rejected` if a \
            worker took it meanwhile, or if it would harm one.
            """,
        make: { (args: CommandArguments) throws(CommandFault) in
            .message(
                MessageSpec(
                    queue: args.required("queue"), address: .tag(args.required("deliveryTag")),
                    act: .prioritize(args.integer("priority") ?? 0)))
        })
}
