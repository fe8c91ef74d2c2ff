internal import Ports

/// One command as it is offered: all that is known about it before somebody asks for it.
///
/// From this one value come the check of its arguments, its REST resource, who may ask for it, which
/// workers can do it and why others cannot, its page in `docs/commands.md`, and the help of
/// `celeriac call`. A new command is a new declaration in a ``CommandCatalog`` file.
struct CommandDeclaration: Sendable {
    /// Whom it is for.
    enum Destination: Sendable, Equatable {
        /// The broker, or whoever takes a message from it.
        case broker
        /// Every worker that listens: each is told, and who it concerns acts.
        case everybody
        /// The workers named in `workers`, or all that are up with `all`.
        case workers
    }

    /// The name on the wire, `<subject>.<verb>`.
    let name: String
    /// What it does, one sentence.
    let summary: String
    /// Its arguments, in the order in which they are explained.
    let parameters: [CommandParameter]
    /// What a client may take for granted in `expect` (R41).
    var expectations: [CommandParameter] = []
    /// Who may ask for it.
    let roles: [Role]
    /// Whether it destroys work, and so has a narrower limit of its own.
    var isDangerous = false
    /// Whom it is for.
    var destination = Destination.broker
    /// What a worker must have to be able to do it.
    var needs: [CommandNeed] = []
    /// What proves that it was done.
    let proof: CommandProof
    /// The same in a sentence for people.
    let evidence: String
    /// Seconds until it is `unknown`, if the client names none.
    var deadline = CommandLimits.defaultDeadline
    /// Makes of its checked arguments what is to be done.
    let make: @Sendable (CommandArguments) throws(CommandFault) -> CommandAction

    /// The arguments with those that every command for workers has.
    var allParameters: [CommandParameter] {
        destination == .workers ? parameters + CommandParameter.destination : parameters
    }

    /// The argument of a name.
    func parameter(_ name: String) -> CommandParameter? {
        allParameters.first { $0.name == name }
    }
}
