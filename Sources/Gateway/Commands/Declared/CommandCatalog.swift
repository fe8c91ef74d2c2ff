/// All commands that are offered. What is not in here cannot be asked for: `election`, `objgraph` and
/// `memdump` of Celery's remote control harm or litter a worker and are left out on purpose.
enum CommandCatalog {
    /// By subject, in the order in which they are explained.
    static let all: [CommandDeclaration] = tasks + workers + queues + pausing + messages

    /// Those that can be about all tasks of a plan.
    static let planned = all.filter { $0.parameter(plan.name) != nil }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The command of a name.
    static func command(_ name: String) throws(CommandFault) -> CommandDeclaration {
        guard let command = byName[name] else {
            throw CommandFault(
                .unknownCommand,
                "unknown command \(name.prefix(60)); known: "
                    + all.map(\.name).joined(separator: ", "))
        }
        return command
    }
}
