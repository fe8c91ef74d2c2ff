/// A command for the tasks of a plan, before and after the plan was looked up.
struct PlannedSpec: Equatable, Sendable {
    /// What is to be done with each task.
    enum Act: Equatable, Sendable {
        case revoke(terminate: Bool, signal: String)
        case retry(queue: String?, eta: RunSpec.Moment?)
    }

    /// The plan's token.
    let plan: String
    /// What is to be done.
    let act: Act
    /// The tasks, once the plan was looked up.
    var ids: [String] = []

    /// The queue that they are sent to instead of their own.
    var queue: String? {
        if case .retry(let queue, _) = act { return queue }
        return nil
    }
}

/// Tasks that ran, to be run again; what cannot be is told of each.
struct RerunSpec: Equatable, Sendable {
    /// One of them.
    struct Item: Equatable, Sendable {
        /// The task that ran.
        let id: String
        /// What is sent.
        let run: RunSpec
    }

    /// Those that are sent.
    var items: [Item]
    /// Those that are not -> why.
    var refused: [String: String]
}
