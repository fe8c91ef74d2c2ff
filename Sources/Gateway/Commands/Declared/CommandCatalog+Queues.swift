internal import Ports

extension CommandCatalog {
    /// How long what is removed can be put back.
    static let keep = CommandParameter(
        "keep", .seconds(0...TrashLimits.longestKeepSeconds),
        "Seconds for which `queue.restore` can undo it; \(Int(TrashLimits.keepSeconds)) if left out, 0: not at all."
    )

    /// Precondition of commands about one queue (``CommandDesk/checkSeen(_:)``).
    static let seenRevision = CommandParameter(
        "rev", .integer(0...(1 << 53) - 1, meaning: "from 0 up"),
        "The revision (`rev`) up to which the client has seen topic `queues`: refused if the queue's depth has changed since."
    )

    /// Commands about queues.
    static let queues: [CommandDeclaration] = [purge, restore]

    private static let purge = CommandDeclaration(
        name: "queue.purge", summary: "Removes all waiting messages of a queue, of every priority.",
        parameters: [
            CommandParameter("queue", .queue, isRequired: true, "The queue."),
            keep,
        ],
        expectations: [
            CommandParameter(
                "messagesMax", .integer(0...Int(Int32.max), meaning: "from 0 up"),
                "Nothing is removed if the queue holds more messages than this."),
            seenRevision,
        ],
        roles: [.admin], isDangerous: true, proof: .broker,
        evidence:
            "The broker tells how many messages of each priority it has moved to the trash. Messages that workers hold, reserved, with an eta, or running, are not touched; what is known of them is told.",
        make: { (args: CommandArguments) throws(CommandFault) in
            .purge(
                PurgeSpec(
                    queue: args.required("queue"), messagesMax: args.expected("messagesMax"),
                    keep: args.seconds("keep") ?? TrashLimits.keepSeconds))
        })

    private static let restore = CommandDeclaration(
        name: "queue.restore",
        summary:
            "Puts messages back that `queue.purge` or `message.delete` has removed: byte for byte, on the same lists, in order, ahead of all that came since. They are not judged: what ended workers before does so again (docs/decisions/0014).",
        parameters: [
            CommandParameter(
                "trash", .text, isRequired: true,
                "Id of the trash: that of the command that has filled it."),
            CommandParameter(
                "count", .integer(1...TrashLimits.restoredAtOnce),
                "Only so many, those that would have been next; excludes `ids`."),
            CommandParameter("ids", .texts, "Only the messages of these tasks."),
        ],
        roles: [.admin], proof: .broker,
        evidence:
            "The broker tells how many messages of each priority it has put back, and how many are left. They are what they were, also those that Celery never wrote and that may end a worker: look at the trash first if you did not fill the queue.",
        make: { (args: CommandArguments) throws(CommandFault) in
            guard args.integer("count") == nil || args.texts("ids") == nil else {
                throw CommandFault(.invalid, "args.count and args.ids exclude each other")
            }
            let part: RestoreSpec.Part =
                if let ids = args.texts("ids") {
                    .tasks(ids)
                } else if let count = args.integer("count") {
                    .first(count)
                } else {
                    .all
                }
            return .restore(RestoreSpec(trash: args.required("trash"), part: part))
        })
}
