internal import WireFormats

/// One task to run, with all that Celery's `apply_async` knows.
struct RunSpec: Equatable, Sendable {
    /// When a task starts or stops being wanted.
    enum Moment: Equatable, Sendable {
        /// Seconds from the command's acceptance.
        case after(Double)
        /// ISO 8601 text with a zone, as Celery takes it.
        case at(String)
    }

    /// Name of the task.
    var task: String
    /// The id it gets: derived from the idempotency key, so that a second publish is recognizable.
    var id: String
    /// Positional arguments.
    var args: [JsonValue] = []
    /// Keyword arguments.
    var kwargs: [JsonMember] = []
    /// The queue; Celery's default is `celery`.
    var queue = "celery"
    /// A named exchange instead; the queues are those that are bound to it.
    var exchange: TaskMessage.Exchange?
    /// Celery's priority, 0 (most urgent) to 9.
    var priority: Int?
    /// When it may start.
    var eta: Moment?
    /// When it is no longer wanted.
    var expires: Moment?
    /// Soft limit, seconds.
    var softTimeLimit: Double?
    /// Hard limit, seconds.
    var timeLimit: Double?
    /// Headers of one's own.
    var headers: [JsonMember] = []
    /// Name to show instead of `task`.
    var shadow: String?
    /// Whether the result is thrown away; `nil` for the task's own setting.
    var ignoreResult: Bool?
    /// Called with the result.
    var link: [Signature] = []
    /// Called on failure.
    var linkError: [Signature] = []
    /// What runs afterwards, in this order.
    var chain: [Signature] = []
    /// The group it belongs to, and its place in it.
    var place: Place?
    /// Called with the results of the whole group.
    var chord: Signature?

    /// A place in a group.
    struct Place: Equatable, Sendable {
        let group: String
        let index: Int
    }
}

/// Tasks that run side by side, and what is called with all their results.
struct GroupSpec: Equatable, Sendable {
    /// Its id.
    var id: String
    /// The tasks, each with its place in the group.
    var runs: [RunSpec]
    /// Called with the results (a chord); each run carries it too.
    var body: Signature?
}

/// A task that ran, to be run again.
struct RetrySpec: Equatable, Sendable {
    /// The task that ran.
    var id: String
    /// The id of the new one.
    var newID: String
    /// Its name, if it is known better than from the events.
    var task: String?
    /// Arguments instead of the old ones.
    var args: [JsonValue]?
    var kwargs: [JsonMember]?
    /// The queue instead of the old one.
    var queue: String?
    /// When it may start.
    var eta: RunSpec.Moment?
}
