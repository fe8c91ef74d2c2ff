internal import WireFormats

/// Arguments of `task.run`.
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
}
