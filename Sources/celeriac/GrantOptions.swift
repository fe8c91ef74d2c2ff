internal import ArgumentParser
internal import Ports

/// The queues and names of tasks that a credential is limited to, from the command line.
struct GrantOptions: ParsableArguments {
    @Option(
        name: .customLong("queue"),
        help: ArgumentHelp(
            "Limits it to queues of this name, in which * stands for any characters; can be given several times.",
            valueName: "pattern"))
    var queues: [String] = []
    @Option(
        name: .customLong("task"),
        help: ArgumentHelp(
            "Limits it to tasks of this name, likewise.", valueName: "pattern"))
    var tasks: [String] = []

    /// What it says of queues; `nil` if nothing.
    var queuePatterns: Set<String>? { queues.isEmpty ? nil : Set(queues) }

    /// What it says of tasks; `nil` if nothing.
    var taskPatterns: Set<String>? { tasks.isEmpty ? nil : Set(tasks) }

    func validate() throws {
        if let refusal = Scope(queues: queuePatterns, tasks: taskPatterns).refusal {
            throw ValidationError(refusal)
        }
    }
}
