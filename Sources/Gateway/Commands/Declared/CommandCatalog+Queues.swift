internal import Ports

extension CommandCatalog {
    /// Commands about queues.
    static let queues: [CommandDeclaration] = [purge]

    private static let purge = CommandDeclaration(
        name: "queue.purge", summary: "Removes all waiting messages of a queue, of every priority.",
        parameters: [CommandParameter("queue", .queue, isRequired: true, "The queue.")],
        expectations: [
            CommandParameter(
                "messagesMax", .integer(0...Int(Int32.max), meaning: "from 0 up"),
                "Nothing is removed if the queue holds more messages than this.")
        ],
        roles: [.admin], isDangerous: true, proof: .broker,
        evidence: "The broker tells how many messages it has removed.",
        make: { (args: CommandArguments) throws(CommandFault) in
            .purge(queue: args.required("queue"), messagesMax: args.expected("messagesMax"))
        })
}
