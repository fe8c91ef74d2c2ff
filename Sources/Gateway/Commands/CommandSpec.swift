internal import Ports
internal import WireFormats

/// What is asked for, as typed values: nothing in here can become a message that harms a worker.
struct CommandSpec: Sendable {
    /// The workers that are meant.
    enum Workers: Equatable, Sendable {
        /// The command is not for certain workers.
        case none
        /// These.
        case named([String])
        /// Every one that is up when the command is accepted.
        case all
    }

    /// The command.
    let command: CommandDeclaration
    /// What is to be done.
    var action: CommandAction
    /// By which workers.
    let workers: Workers
    /// The state of a queue that the client takes for granted (R41): nothing is done if the queue has
    /// changed since that revision.
    let seen: (queue: String, revision: Int)?
    /// Names of the arguments that are used.
    private let used: [CommandParameter]

    /// Reads a command.
    ///
    /// - Parameters:
    ///   - name: such as `queue.purge`.
    ///   - args: an object, or null for none.
    ///   - expect: the client's preconditions (R41), or null.
    ///   - newID: the id of the n-th task that the command starts.
    /// - Throws: the first fault: what is wrong, where, and how to mend it.
    init(
        _ name: String, args: JsonValue, expect: JsonValue = .null,
        newID: @escaping @Sendable (Int) throws(CommandFault) -> String
    ) throws(CommandFault) {
        command = try CommandCatalog.command(name)
        let arguments = try CommandArguments(
            of: command, args: args, expect: expect, newID: newID)
        workers = command.destination == .workers ? try arguments.workers() : .none
        action = try command.make(arguments)
        seen = arguments.expected("rev").map { (arguments.required("queue"), $0) }
        used = command.parameters.filter { arguments.uses($0.name) }
    }

    /// A command of an earlier run of the gateway.
    init(resuming name: String, _ action: CommandAction) throws(CommandFault) {
        command = try CommandCatalog.command(name)
        self.action = action
        workers = .none
        seen = nil
        used = []
    }

    /// The name on the wire.
    var name: String { command.name }

    /// One line that tells people what it is about.
    var target: String {
        let place: String? =
            switch workers {
            case .none: nil
            case .named(let names): names.count == 1 ? names[0] : "\(names.count) workers"
            case .all: "all workers"
            }
        guard let subject = action.subject else { return place ?? name }
        return place.map { "\(subject) on \($0)" } ?? subject
    }

    /// What it is to do it.
    var act: Act { .command(command, using: used) }

    /// The name of the narrower limit under which it comes because it destroys work: of the command, or of
    /// the argument that does so and has one limit in all commands; `nil` if there is none.
    var destroying: String? {
        command.isDangerous ? name : used.first(where: \.isDangerous)?.name
    }

    /// What a worker must have to be able to do it.
    var needs: [CommandNeed] { command.needs + used.flatMap(\.needs) }
}
