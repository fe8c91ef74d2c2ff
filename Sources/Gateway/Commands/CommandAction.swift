internal import WireFormats

/// What a command does.
enum CommandAction: Equatable, Sendable {
    /// Run a task.
    case run(RunSpec)
    /// Run tasks side by side, and one with all their results.
    case group(GroupSpec)
    /// Run a task again that ran before.
    case retry(RetrySpec)
    /// Revoke tasks, and end them if they run.
    case revoke(RevokeSpec)
    /// Something with all tasks of a plan; becomes one of the others when the plan is looked up.
    case planned(PlannedSpec)
    /// Run many tasks again that ran before.
    case rerun(RerunSpec)
    /// Revoke tasks by stamp, and end them if they run.
    case revokeStamped(StampSpec)
    /// Empty a queue, so that it can be undone.
    case purge(PurgeSpec)
    /// Put messages back that a purge has removed.
    case restore(RestoreSpec)
    /// Do something with one waiting message.
    case message(MessageSpec)
    /// Keep a queue without consumers.
    case pause(PauseSpec)
    /// Give a paused queue back to its consumers.
    case resume(queue: String)
    /// Tell workers to do something, by remote control.
    case control(ControlMethod)

    /// What it is about, for people; `nil` if it is about the workers themselves.
    var subject: String? {
        switch self {
        case .run(let run):
            run.chain.isEmpty ? run.task : "\(run.task) and \(run.chain.count) more in a chain"
        case .group(let group): "\(group.runs.count) tasks in a group"
        case .retry(let retry): "task \(retry.id)"
        case .revoke(let revoke):
            revoke.ids.count == 1 ? "task \(revoke.ids[0])" : "\(revoke.ids.count) tasks"
        case .planned(let planned): "\(planned.ids.count) tasks"
        case .rerun(let rerun): "\(rerun.items.count + rerun.refused.count) tasks"
        case .revokeStamped(let spec):
            "tasks with stamp " + spec.stamps.keys.sorted().joined(separator: ", ")
        case .purge(let purge): "queue \(purge.queue)"
        case .restore(let restore): restore.queue.map { "queue \($0)" } ?? "trash \(restore.trash)"
        case .message(let spec): spec.subject
        case .resume(let queue): "queue \(queue)"
        case .pause(let pause): "queue \(pause.queue)"
        case .control(let method):
            switch method {
            case .queryTask(let ids): ids.count == 1 ? "task \(ids[0])" : "\(ids.count) tasks"
            case .rateLimit(let task, _), .timeLimit(let task, _, _): task
            case .addConsumer(let queue, _, _, _), .cancelConsumer(let queue): "queue \(queue)"
            default: nil
            }
        }
    }

    /// What each worker that has to do it is told, as far as its proof goes; `nil` if it is not for
    /// certain workers.
    var method: ControlMethod? {
        switch self {
        case .control(let method): method
        case .pause(let pause): .cancelConsumer(queue: pause.queue)
        case .resume(let queue):
            .addConsumer(queue: queue, exchange: nil, exchangeType: nil, routingKey: nil)
        default: nil
        }
    }

    /// Whether it is one of a plan: its outcome is told task by task.
    var isBulk: Bool {
        switch self {
        case .planned, .rerun: true
        case .revoke(let revoke): revoke.isPlanned
        default: false
        }
    }

    /// Whether what is to be done with the tasks of a plan is not known yet.
    var isPlanned: Bool {
        if case .planned = self { return true }
        return false
    }

    /// Tasks that it is about.
    var taskIDs: [String] {
        switch self {
        case .run(let run): [run.id]
        case .group(let group): group.runs.map(\.id)
        case .retry(let retry): [retry.newID]
        case .revoke(let revoke): revoke.ids
        case .rerun(let rerun): rerun.items.map(\.run.id) + rerun.refused.keys.sorted()
        case .planned(let planned): planned.ids
        case .revokeStamped, .purge, .restore, .message, .pause, .resume, .control: []
        }
    }
}

/// Arguments of `task.revokeStamped`.
struct StampSpec: Equatable, Sendable {
    /// Name of a stamp -> values, neither empty.
    var stamps: [String: [String]]
    /// Whether to end tasks that run already.
    var terminate: Bool
    /// The signal for it.
    var signal: String
    /// Seconds for which workers that appear are told as well.
    var keep: Double

    /// What workers are told.
    var method: ControlMethod {
        .revokeByStampedHeaders(
            headers: stamps, terminate: terminate, signal: terminate ? signal : nil)
    }
}

/// Arguments of `task.revoke`.
struct RevokeSpec: Equatable, Sendable {
    /// Task ids, at least one, no two alike.
    var ids: [String]
    /// Whether to end tasks that run already.
    var terminate: Bool
    /// The signal for it.
    var signal: String
    /// Whether the ids are those of a plan.
    var isPlanned = false

    /// Signals that Celery's prefork pool can deliver and that mean "end".
    static let signals = ["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"]
    /// Those that end no pool process (`WORKER_SIGIGNORE` in celery/concurrency/prefork.py, and the soft
    /// time limit of billiard).
    static let gentleSignals: Set<String> = ["SIGINT", "SIGUSR1"]
}
