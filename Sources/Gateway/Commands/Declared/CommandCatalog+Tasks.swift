internal import Ports
internal import WireFormats

extension CommandCatalog {
    /// Commands about tasks.
    static let tasks: [CommandDeclaration] = [run, revoke]

    private static let run = CommandDeclaration(
        name: "task.run", summary: "Runs a task.",
        parameters: [
            CommandParameter("task", .text, isRequired: true, "Name of the task."),
            CommandParameter("args", .array(of: "positional arguments"), "Positional arguments."),
            CommandParameter("kwargs", .object(of: "keyword arguments"), "Keyword arguments."),
            CommandParameter("queue", .queue, "The queue; `celery` if it is left out."),
            CommandParameter(
                "priority", .integer(0...9, meaning: "from 0 (most urgent) to 9"),
                "Celery's priority on Redis: 0 is the most urgent."),
            CommandParameter(
                "countdown", .seconds(0...CommandParameter.yearSeconds),
                "Seconds after which it may start; excludes `eta`."),
            CommandParameter("eta", .instant, "When it may start; excludes `countdown`."),
            CommandParameter(
                "expires", .moment(0...CommandParameter.yearSeconds),
                "When it is not wanted any more."),
            CommandParameter(
                "softTimeLimit", .seconds(0.001...CommandParameter.yearSeconds),
                "Seconds after which the task gets an exception."),
            CommandParameter(
                "timeLimit", .seconds(0.001...CommandParameter.yearSeconds),
                "Seconds after which its process is killed."),
        ],
        roles: [.operator, .admin, .bot], proof: .taskSeen,
        evidence: "The broker has the message; a worker reports that task.",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("countdown", "eta")
            var spec = RunSpec(task: args.required("task"), id: args.taskID)
            spec.args = args["args"]?.array ?? []
            spec.kwargs = args["kwargs"]?.object ?? []
            spec.queue = args.text("queue") ?? spec.queue
            spec.priority = args.integer("priority")
            spec.eta = args.moment("countdown") ?? args.moment("eta")
            spec.expires = args.moment("expires")
            spec.softTimeLimit = args.seconds("softTimeLimit")
            spec.timeLimit = args.seconds("timeLimit")
            if let soft = spec.softTimeLimit, let hard = spec.timeLimit, soft > hard {
                throw .argument("softTimeLimit", "must not be above args.timeLimit")
            }
            return .run(spec)
        })

    private static let revoke = CommandDeclaration(
        name: "task.revoke", summary: "Revokes tasks, and ends them if they run.",
        parameters: [
            CommandParameter("id", .text, "The task; or `ids`."),
            CommandParameter("ids", .texts, "The tasks."),
            terminate, signal,
        ],
        roles: [.operator, .admin], destination: .everybody, proof: .tasksRevoked,
        evidence:
            "A worker or the result backend reports REVOKED; a worker's answer alone proves nothing.",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("id", "ids")
            guard let ids = args.text("id").map({ [$0] }) ?? args.texts("ids") else {
                throw .argument("ids", "must be an array of at least one name, or args.id a text")
            }
            return .revoke(
                RevokeSpec(
                    ids: ids, terminate: args.flag("terminate"), signal: try signal(of: args)))
        })

    private static var terminate: CommandParameter {
        var parameter = CommandParameter(
            "terminate", .flag, "Whether to end tasks that run already.")
        parameter.roles = [.admin]
        parameter.isDangerous = true
        parameter.needs = [.pool(["prefork", "gevent"], why: "cannot end a running task")]
        return parameter
    }

    private static let signal = CommandParameter(
        "signal", .choice(RevokeSpec.signals), "With `terminate`: the signal, else `SIGTERM`.")

    private static func signal(of args: CommandArguments) throws(CommandFault) -> String {
        guard let signal = args.text("signal") else { return "SIGTERM" }
        guard args.flag("terminate") else {
            throw .argument("signal", "needs args.terminate = true")
        }
        return signal
    }
}
