internal import Ports
internal import WireFormats

extension CommandCatalog {
    /// Commands about tasks.
    static let tasks: [CommandDeclaration] = running + [revoke, revokeStamped]

    private static let revoke = CommandDeclaration(
        name: "task.revoke", summary: "Revokes tasks, and ends them if they run.",
        parameters: [
            CommandParameter("id", .text, "The task; or `ids`."),
            CommandParameter("ids", .texts, "The tasks; or `plan`."),
            plan, terminate, signal,
        ],
        roles: [.operator, .admin], destination: .everybody, proof: .tasksRevoked,
        evidence:
            "A worker reports REVOKED; or the result backend does, every worker has answered, and none has the task but for its time. An answer or REVOKED in the backend alone proves nothing: Celery writes it also while the task runs. Should it run all the same, the row is put right.",
        make: { (args: CommandArguments) throws(CommandFault) in
            try args.exclude("id", "ids")
            if let plan = args.text("plan") {
                try args.exclude("plan", "id")
                try args.exclude("plan", "ids")
                let act = PlannedSpec.Act.revoke(
                    terminate: args.flag("terminate"), signal: try signal(of: args))
                return .planned(PlannedSpec(plan: plan, act: act))
            }
            guard let ids = args.text("id").map({ [$0] }) ?? args.texts("ids") else {
                throw .argument(
                    "ids", "must be an array of at least one name, or args.id a text, or args.plan")
            }
            return .revoke(
                RevokeSpec(
                    ids: ids, terminate: args.flag("terminate"), signal: try signal(of: args)))
        })

    private static let revokeStamped = CommandDeclaration(
        name: "task.revokeStamped",
        summary:
            "Revokes all tasks with one of these stamps: those that wait, those that come later, and with `terminate` those that run.",
        parameters: [
            CommandParameter(
                "stamps", .object(of: "name → array of values"), isRequired: true,
                "Stamps as their producer gave them."),
            terminate, signal,
            CommandParameter(
                "keep", .seconds(0...RevokeDesk.lifetime),
                "Seconds for which workers that start are told as well, because they forget it; 86400 if left out."
            ),
        ],
        roles: [.operator, .admin], destination: .everybody,
        needs: [.celery(major: 5, minor: 3)], proof: .answer,
        evidence:
            "Each worker's answer: it has the stamps flagged. With `terminate` the tasks that a worker ended meanwhile are named (`task-revoked`); nothing tells the stamps of a task, so others are flagged only. There is no way to take it back.",
        make: { (args: CommandArguments) throws(CommandFault) in
            var stamps: [String: [String]] = [:]
            for member in args["stamps"]?.object ?? [] {
                guard let values = member.value.array, !values.isEmpty,
                    values.allSatisfy({ $0.string?.isEmpty == false })
                else {
                    throw .argument(
                        "stamps.\(member.name.prefix(60))", "must be an array of texts")
                }
                stamps[member.name] = values.compactMap(\.string)
            }
            guard !stamps.isEmpty else { throw .argument("stamps", "must name a stamp") }
            return .revokeStamped(
                StampSpec(
                    stamps: stamps, terminate: args.flag("terminate"),
                    signal: try signal(of: args),
                    keep: args.seconds("keep") ?? RevokeDesk.stampLifetime))
        })

    /// Of commands that a plan can be made for.
    static let plan = CommandParameter(
        "plan", .text, "All tasks of a plan that `cmd.plan` has made, instead of naming them.")

    private static var terminate: CommandParameter {
        var parameter = CommandParameter(
            "terminate", .flag, "Whether to end tasks that run already.")
        parameter.roles = [.admin]
        parameter.isDangerous = true
        parameter.needs = [
            .pool(["prefork", "gevent", "eventlet"], why: "cannot end a running task")
        ]
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
