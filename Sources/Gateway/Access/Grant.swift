internal import LiveSync
internal import Ports

/// The queues and names of tasks that a credential is limited to, ready to be asked.
///
/// A queue is shown by its name, a task by its name and its queue. What is not known of a task is not
/// shown by a limit: a task without a known name is nobody's who is limited to names.
struct Grant: Sendable, Hashable {
    /// `nil` if any.
    let queues: [Glob]?
    /// `nil` if any.
    let tasks: [Glob]?

    /// The limits of a credential; `nil` if it has none of these.
    init?(_ scope: Scope) {
        guard scope.queues != nil || scope.tasks != nil else { return nil }
        queues = scope.queues.map { $0.sorted().map { Glob($0) } }
        tasks = scope.tasks.map { $0.sorted().map { Glob($0) } }
    }

    /// Whether a task of that name, in that queue, is shown; what is `nil` is not known.
    func shows(task name: String?, queue: String?) -> Bool {
        Self.matches(tasks, name) && Self.matches(queues, queue)
    }

    /// Whether a queue is shown.
    func shows(queue: String) -> Bool { Self.matches(queues, queue) }

    /// Whether a task is shown whose name is, by its queue.
    func shows(taskIn queue: String?) -> Bool { Self.matches(queues, queue) }

    /// Whether a task is shown whose queue is, by its name.
    func shows(name: String?) -> Bool { Self.matches(tasks, name) }

    private static func matches(_ globs: [Glob]?, _ text: String?) -> Bool {
        guard let globs else { return true }
        return text.map { text in globs.contains { $0.matches(text) } } ?? false
    }

    // MARK: - Rows

    /// The rows of a topic that are shown.
    ///
    /// - Parameter principal: whose commands are shown.
    func rules(of schema: TopicSchema, for principal: Principal) -> [RowRule] {
        switch schema.name {
        case Topics.tasks.name:
            [
                tasks.map { RowRule(schema, "name", $0) },
                queues.map { RowRule(schema, "queue", $0) },
            ]
            .compactMap { $0 }
        case Topics.queues.name:
            queues.map { [RowRule(schema, "id", $0)] } ?? []
        case Topics.trash.name:
            // A trash has the messages of any task.
            [RowRule(schema, "queue", tasks == nil ? queues ?? [] : [])]
        case Topics.commands.name:
            // What others ask for may be about anything. Names can be somebody else's later.
            [RowRule(schema, "principal", [Glob(literal: principal.id)])]
        case Topics.stats.name:
            figures(schema)
        case Topics.alerts.name:
            [
                RowRule(schema, "subject", Self.neutralSubjects + queueSubjects),
                RowRule(schema, "rule", [Glob("*")], except: Self.namingRules),
            ]
        default: []
        }
    }

    /// Of the rows of `stats`, sums over everything name nothing. What a name's tasks did is a sum over all
    /// queues; what is not known of the tasks of a load hides it, as it hides the tasks.
    private func figures(_ schema: TopicSchema) -> [RowRule] {
        let (loads, names) = (Glob("load:*"), Glob("name:*"))
        var rules: [RowRule] = []
        if let tasks { rules.append(RowRule(schema, "name", tasks, among: [loads, names])) }
        if let queues {
            rules.append(RowRule(schema, "queue", queues, among: [loads]))
            rules.append(RowRule(schema, "id", [Glob("*")], except: [names]))
        }
        return rules
    }

    /// Columns of a topic that name queues or tasks without being about one.
    func hidden(of schema: TopicSchema) -> [String] {
        guard schema.name == Topics.workers.name else { return [] }
        return (queues == nil ? [] : ["queues"])
            + (tasks == nil ? [] : ["registered", "rateLimits"])
    }

    /// Subjects of alerts that name neither a queue nor a task.
    private static let neutralSubjects = [
        "worker *", "broker", "result backend", "publishers", "gateway",
    ].map { Glob($0) }

    /// Alerts about the broker that name a task.
    private static let namingRules = ["redelivery-due", "limit-beyond-visibility"].map {
        Glob(literal: $0)
    }

    private var queueSubjects: [Glob] {
        queues.map { $0.map { $0.prefixed("queue ") } } ?? [Glob("queue *")]
    }
}
