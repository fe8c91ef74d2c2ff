import LiveSync

/// An engine with one whole topic and one with windows, and a clock to turn by hand.
struct Bench {
    static let workers = TopicSchema(
        name: "workers", kind: .whole, fields: ["state", "active", "note"],
        filters: ["id", "state"], sorts: ["active"])
    static let tasks = TopicSchema(
        name: "tasks", kind: .windows, fields: ["name", "state", "seen", "args"],
        filters: ["name", "state"], sorts: ["seen", "state"])

    let engine: SyncEngine
    let workers: TopicID
    let tasks: TopicID
    var now: Milliseconds = 1_000

    init(_ limits: SyncLimits = SyncLimits(), firstRevision: Int = 1) {
        engine = SyncEngine(
            epoch: "e", firstRevision: firstRevision, topics: [Self.workers, Self.tasks],
            limits: limits)
        workers = engine.topic(named: "workers")
        tasks = engine.topic(named: "tasks")
    }

    /// Sets one field of a worker and commits.
    @discardableResult
    mutating func set(_ id: String, _ name: String, _ value: FieldValue) -> Int? {
        engine.upsert(
            workers, id: id, [FieldUpdate(Self.workers.column(name) ?? 0, value)])
        return engine.commit(at: now)
    }

    /// Makes a task seen at a time, and does not commit.
    func addTask(_ id: String, seen: Double, state: String = "STARTED", args: String = "()") {
        engine.upsert(
            tasks, id: id,
            [
                FieldUpdate(1, .text("mail.send")), FieldUpdate(2, .text(state)),
                FieldUpdate(3, .double(seen)), FieldUpdate(4, .text(args)),
            ])
    }

    /// Opens the workers.
    @discardableResult
    func open(
        _ session: inout SyncSession, subscription: Int = 1, filter: FilterExpression? = nil,
        since: SyncPosition? = nil, frequency: Double? = nil,
        projection: Projection = .everything
    ) throws -> SubscriptionStart {
        try engine.open(
            SubscriptionRequest(
                subscription: subscription, topic: "workers", filter: filter, since: since,
                frequency: frequency), for: &session, projection: projection, now: now)
    }

    /// Opens a window of tasks.
    func openView(
        _ session: inout SyncSession, subscription: Int = 1, filter: FilterExpression? = nil,
        order: String? = nil, limit: Int = 50, after: SortBound? = nil, mode: WindowMode = .pinned,
        frequency: Double? = nil
    ) throws {
        try engine.openView(
            ViewRequest(
                subscription: subscription, topic: "tasks", filter: filter, order: order,
                limit: limit,
                after: after, mode: mode, frequency: frequency), for: &session, now: now)
    }

    /// Takes all frames that are due, acknowledging each.
    func drain(_ session: inout SyncSession) -> [FrameContent] {
        var contents: [FrameContent] = []
        while let outgoing = engine.next(for: &session, now: now) {
            contents.append(outgoing.frame.content)
            let revision =
                switch outgoing.frame.content {
                case .snapshot(let part): part.at
                case .delta(let part): part.to
                case .viewSnapshot(let part): part.at
                case .viewDelta(let part): part.to
                case .reset: 0
                }
            engine.acknowledge(
                [Acknowledgement(subscription: outgoing.subscription, revision: revision)],
                for: &session, now: now)
        }
        return contents
    }
}

extension FrameContent {
    /// The kind alone, for comparing sequences.
    var kind: String {
        switch self {
        case .reset(let notice): "reset \(notice.reason.rawValue)"
        case .snapshot: "snap"
        case .delta: "delta"
        case .viewSnapshot: "view.snap"
        case .viewDelta: "view.delta"
        }
    }
}
