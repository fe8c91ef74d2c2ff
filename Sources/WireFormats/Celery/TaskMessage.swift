/// A task to run: message protocol 2 (celery/app/amqp.py), from typed values only.
///
/// `encoded()` checks everything first, so that no message of ours can harm a worker. Ids, tags and
/// times come from the caller.
package struct TaskMessage: Sendable, Equatable {
    /// How much of the arguments the texts for monitors tell.
    package enum ReprDetail: Sendable, Equatable {
        /// As Python would show them, cut at 1,024 characters.
        case full
        /// How many there are, and the names of the keyword arguments.
        case hidden
        /// These texts, redacted by the caller.
        case texts(args: String, kwargs: String)
    }

    /// A named exchange.
    package struct Exchange: Sendable, Equatable {
        /// Its name.
        package var name: String
        /// What its bindings are compared with.
        package var routingKey: String

        /// Makes a name.
        package init(name: String, routingKey: String) {
            self.name = name
            self.routingKey = routingKey
        }
    }

    /// Name of the task.
    package var task: String
    /// Task id: any text that is not empty.
    package var id: String
    /// Unique for each message, also for copies of one task.
    package var deliveryTag: String
    /// Positional arguments.
    package var args: [JsonValue] = []
    /// Keyword arguments in order.
    package var kwargs: [JsonMember] = []
    /// The queue it is pushed to.
    package var queue = "celery"
    /// The exchange and routing key that a worker restores it by; nil for the anonymous exchange,
    /// which leads to `queue`. A named exchange must have bindings, or a restored message is lost.
    package var exchange: Exchange?
    /// 0 (most urgent) to 9; nil counts as 0.
    package var priority: Int?
    /// Not before: ISO 8601 with a zone.
    package var eta: String?
    /// Not after: ISO 8601 with a zone.
    package var expires: String?
    /// Number of the attempt, 0 first.
    package var retries = 0
    /// Seconds after which the task gets an exception.
    package var softTimeLimit: Double?
    /// Seconds after which its process is killed.
    package var timeLimit: Double?
    /// Name to show instead of `task`.
    package var shadow: String?
    /// Whether the result is thrown away; nil for the task's own setting.
    package var ignoreResult: Bool?
    /// Root of the workflow; nil if this is the root.
    package var rootID: String?
    /// Task that sent it.
    package var parentID: String?
    /// Group it belongs to.
    package var groupID: String?
    /// Its place in the group, from 0.
    package var groupIndex: Int?
    /// Called with the result.
    package var callbacks: [Signature] = []
    /// Called on failure.
    package var errbacks: [Signature] = []
    /// What runs afterwards, in this order; each step needs its `taskID`.
    package var chain: [Signature] = []
    /// Called when all tasks of the group have ended.
    package var chord: Signature?
    /// Headers of one's own, kept on retries.
    package var headers: [JsonMember] = []
    /// Who sends it, such as `celeriac@host`.
    package var origin: String?
    /// What the texts for monitors tell.
    package var reprDetail = ReprDetail.full

    /// Makes a message with what every message needs.
    package init(task: String, id: String, deliveryTag: String) {
        self.task = task
        self.id = id
        self.deliveryTag = deliveryTag
    }

    /// The priority step whose list it goes to.
    package func step(naming: QueueNaming = .standard) -> Int {
        QueueKeys.step(priority ?? 0, naming: naming)
    }

    /// The list it is pushed to with `LPUSH`.
    ///
    /// - Parameter prefix: the broker's `global_keyprefix`.
    package func key(prefix: String = "", naming: QueueNaming = .standard) -> [UInt8] {
        QueueKeys.key(queue, step: step(naming: naming), prefix: prefix, naming: naming)
    }

    /// Text of the arguments for monitors.
    package var argsRepr: String {
        switch reprDetail {
        case .full: PythonRepr.tuple(args)
        case .hidden: args.isEmpty ? "()" : "(<\(args.count) hidden>)"
        case .texts(let args, _): args
        }
    }

    /// Text of the keyword arguments for monitors.
    package var kwargsRepr: String {
        switch reprDetail {
        case .full: PythonRepr.dictionary(kwargs)
        case .hidden:
            PythonRepr.dictionary(kwargs.map { JsonMember($0.name, "<hidden>") })
        case .texts(_, let kwargs): kwargs
        }
    }
}
