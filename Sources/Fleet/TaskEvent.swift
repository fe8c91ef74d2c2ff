/// An event about one task.
///
/// Half a million of them may be on their way or in the log at a time, and each is moved from place to place:
/// what few events have stands in ``Rest``, which the others do not carry.
package struct TaskEvent: Sendable, Equatable {
    /// What happened.
    package enum Kind: Sendable, Equatable {
        case sent, received, started, succeeded, failed, retried, revoked, rejected, cancelled
        /// A custom event: the part of the type after `task-`, such as `progress`.
        case custom(String)
    }

    /// What only few events have.
    package struct Rest: Sendable, Equatable {
        /// ISO 8601 text.
        package var eta: String?
        /// ISO 8601 text.
        package var expires: String?
        /// Queue, exchange and routing key (sent only).
        package var queue: String?
        package var exchange: String?
        package var routingKey: String?
        /// Repr text of the exception (failed, retried).
        package var exception: String?
        /// Traceback text (failed, retried).
        package var traceback: String?
        /// Revoked while it ran.
        package var terminated: Bool?
        /// Signal number or name, as text.
        package var signum: String?
        /// Revoked because it had expired.
        package var expired: Bool?
        /// Rejected and put back into the queue.
        package var requeue: Bool?
        /// Fields of a custom event beyond the known ones, as JSON object text (bounded).
        package var extra: String?

        /// Makes one with nothing in it.
        package init() {}
    }

    /// What happened.
    package var kind: Kind
    /// Who says so.
    package var origin: EventOrigin
    /// The task's id: any text.
    package var uuid: String
    /// Task name (the `shadow` name in received).
    package var name: String?
    /// Python repr text of the arguments, at most 1,024 characters.
    package var args: String?
    /// Python repr text of the keyword arguments.
    package var kwargs: String?
    /// Root of the workflow.
    package var rootID: String?
    /// Task that sent this one.
    package var parentID: String?
    /// Number of the attempt, 0 first.
    package var retries: Int?
    /// Repr text of the result (succeeded).
    package var result: String?
    /// Seconds (succeeded).
    package var runtime: Double?
    /// Empty, or one with something in it: an array, because it is the one box with value semantics.
    private var rests: [Rest]
}

extension TaskEvent {
    /// Makes an event with the required fields only.
    package init(_ kind: Kind, uuid: String, origin: EventOrigin) {
        self.init(kind: kind, origin: origin, uuid: uuid, rests: [])
    }

    /// Makes an event of all its parts at once, which moves them; filling an event copies it.
    package init(
        _ kind: Kind, uuid: String, origin: EventOrigin, name: String?, args: String?,
        kwargs: String?, rootID: String?, parentID: String?, retries: Int?, result: String?,
        runtime: Double?, rest: Rest?
    ) {
        self.init(
            kind: kind, origin: origin, uuid: uuid, name: name, args: args, kwargs: kwargs,
            rootID: rootID, parentID: parentID, retries: retries, result: result,
            runtime: runtime, rests: Self.box(rest))
    }
}

extension TaskEvent {
    /// See ``Rest``; so are all that follow.
    package var eta: String? {
        get { rests.isEmpty ? nil : rests[0].eta }
        set { change { $0.eta = newValue } }
    }

    /// When its message is worthless.
    package var expires: String? {
        get { rests.isEmpty ? nil : rests[0].expires }
        set { change { $0.expires = newValue } }
    }

    /// Where it was sent.
    package var queue: String? {
        get { rests.isEmpty ? nil : rests[0].queue }
        set { change { $0.queue = newValue } }
    }

    /// By which exchange.
    package var exchange: String? {
        get { rests.isEmpty ? nil : rests[0].exchange }
        set { change { $0.exchange = newValue } }
    }

    /// With which routing key.
    package var routingKey: String? {
        get { rests.isEmpty ? nil : rests[0].routingKey }
        set { change { $0.routingKey = newValue } }
    }

    /// Why it failed or is tried again.
    package var exception: String? {
        get { rests.isEmpty ? nil : rests[0].exception }
        set { change { $0.exception = newValue } }
    }

    /// Where it failed.
    package var traceback: String? {
        get { rests.isEmpty ? nil : rests[0].traceback }
        set { change { $0.traceback = newValue } }
    }

    /// Whether it ran when it was revoked.
    package var terminated: Bool? {
        get { rests.isEmpty ? nil : rests[0].terminated }
        set { change { $0.terminated = newValue } }
    }

    /// By which signal.
    package var signum: String? {
        get { rests.isEmpty ? nil : rests[0].signum }
        set { change { $0.signum = newValue } }
    }

    /// Whether it was too late.
    package var expired: Bool? {
        get { rests.isEmpty ? nil : rests[0].expired }
        set { change { $0.expired = newValue } }
    }

    /// Whether it was put back.
    package var requeue: Bool? {
        get { rests.isEmpty ? nil : rests[0].requeue }
        set { change { $0.requeue = newValue } }
    }

    /// Other fields of a custom event.
    package var extra: String? {
        get { rests.isEmpty ? nil : rests[0].extra }
        set { change { $0.extra = newValue } }
    }

    /// Equal events must be equal however they were made: an empty rest is none.
    private mutating func change(_ body: (inout Rest) -> Void) {
        var rest = rests.first ?? Rest()
        body(&rest)
        rests = Self.box(rest)
    }

    @inline(__always)
    private static func box(_ rest: Rest?) -> [Rest] {
        guard let rest, rest != Rest() else { return [] }
        return [rest]
    }
}
