internal import Ports

/// What is asked for, as typed values: nothing in here can become a message that harms a worker.
enum CommandSpec: Equatable, Sendable {
    /// Run a task.
    case run(RunSpec)
    /// Revoke tasks, and end them if they run.
    case revoke(RevokeSpec)
    /// Empty a queue; with `messagesMax` only if it holds no more than that.
    case purge(queue: String, messagesMax: Int?)
    /// Restart the pools of workers.
    case restart(workers: [String])
    /// Stop workers.
    case shutdown(workers: [String])

    /// The name on the wire.
    var name: String {
        switch self {
        case .run: "task.run"
        case .revoke: "task.revoke"
        case .purge: "queue.purge"
        case .restart: "worker.restart"
        case .shutdown: "worker.shutdown"
        }
    }

    /// One line that tells people what it is about.
    var target: String {
        switch self {
        case .run(let run): run.task
        case .revoke(let revoke):
            revoke.ids.count == 1 ? "task \(revoke.ids[0])" : "\(revoke.ids.count) tasks"
        case .purge(let queue, _): "queue \(queue)"
        case .restart(let workers), .shutdown(let workers):
            workers.count == 1 ? workers[0] : "\(workers.count) workers"
        }
    }

    /// Whether a role may ask for it (docs/topics.md, "Commands").
    func isAllowed(for role: Role) -> Bool {
        switch self {
        case .run: role == .operator || role == .admin || role == .bot
        case .revoke(let revoke):
            role == .admin || (role == .operator && !revoke.terminate)
        case .purge, .restart, .shutdown: role == .admin
        }
    }

    /// Whether it destroys work, and so has a narrower limit of its own.
    var isDangerous: Bool {
        switch self {
        case .purge: true
        case .revoke(let revoke): revoke.terminate
        case .run, .restart, .shutdown: false
        }
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

    /// Signals that Celery's prefork pool can deliver and that mean "end".
    static let signals = ["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"]
}
