internal import DequeModule

/// Rows with revisions, and what each client has to be told to see them: the heart of the gateway.
///
/// The engine knows no clock, no thread and no wire. Its owner (one actor) changes rows, commits, and then
/// asks for each client's next frame. Revisions grow by at least one with each commit that changes
/// something; a commit that creates rows uses one number for each, which becomes the row's handle, so that
/// "created after revision u" is `handle > u` (R12, R13).
///
/// ```swift
/// // Once. Column numbers come from the schema.
/// let workers = TopicSchema(
///     name: "workers", kind: .whole, fields: ["state", "active"], filters: ["state"])
/// let tasks = TopicSchema(
///     name: "tasks", kind: .windows, fields: ["name", "state", "seen"],
///     filters: ["name", "state"], sorts: ["seen"])
/// let engine = SyncEngine(epoch: "k3V9", firstRevision: 1, topics: [workers, tasks])
/// let workersTopic = engine.topic(named: "workers")   // keep these
///
/// // For each batch of events: change rows, then commit once.
/// engine.upsert(workersTopic, id: "celery@a", [FieldUpdate(1, .text("online"))])
/// engine.remove(workersTopic, id: "celery@b")
/// engine.commit(at: now)
///
/// // For each socket: a session value, kept beside the socket.
/// var session = SyncSession()
/// let start = try engine.open(request, for: &session, projection: .everything, now: now)
/// // … answer the client with `start`, then, whenever the socket can take a frame and after each commit:
/// while socket.isWritable, let outgoing = engine.next(for: &session, now: now) {
///     let frame = outgoing.frame.attachment(for: outgoing.subscription) { content in
///         socketServer.prepare(ServerFrame.encode(content, subscription: outgoing.subscription))
///     }
///     socket.send(frame)
/// }
/// // On `sub.ack`: engine.acknowledge(acks, for: &session, now: now), then ask for frames again.
/// // Now and then: session.isSlow(now: now) → close 4408. To sleep: engine.nextDue(for: session, now: now).
/// ```
///
/// What ``next(for:now:)`` returns counts as sent; a socket that could not take it must be closed. There
/// is no queue of frames: a slow client is simply asked for less often, and its next delta covers more.
package final class SyncEngine {
    /// Bounds.
    package let limits: SyncLimits
    /// Name of the present history of revisions (protocol D10, D11).
    package private(set) var epoch: String
    /// The latest committed revision.
    package private(set) var revision: Int
    /// What was done so far.
    package internal(set) var counters = SyncCounters()
    /// Under load: deltas at most once a second for everyone (R48, step 1).
    package var slowsDown = false
    /// Under more load: `follow` windows stand still (R48, step 2).
    package var stopsFollowing = false

    let rules: DeltaRules
    let topics: [Topic]
    private let topicNumbers: [String: Int]
    /// Changes with each epoch.
    private(set) var generation = 0
    /// Highest revision used by changes that are not committed; ``revision`` if there are none.
    private var pending: Int
    private(set) var ticks: TickRing
    /// The last revision of each second, for the horizon.
    private var seconds = Deque<(time: Milliseconds, revision: Int)>()
    /// Resumes from before this revision are refused: it is older than the horizon.
    package private(set) var horizon: Int
    var queries = WeakTable<TopicQuery.Key, TopicQuery>()
    var windows = WeakTable<Window.Key, Window>()

    /// Highest revision to start with: JSON carries integers below 2^53, and the engine must not get there.
    package static let lastFirstRevision = (1 << 53) - (1 << 42)

    /// Makes an engine with empty topics.
    ///
    /// - Parameters:
    ///   - epoch: a new random name, short, plain ASCII.
    ///   - firstRevision: 1, or above the last one of the same epoch; at most ``lastFirstRevision``.
    ///   - topics: each name once.
    ///   - limits: bounds.
    ///   - rules: for tests only.
    package init(
        epoch: String, firstRevision: Int = 1, topics: [TopicSchema],
        limits: SyncLimits = SyncLimits(), rules: DeltaRules = DeltaRules()
    ) {
        precondition(
            1...Self.lastFirstRevision ~= firstRevision,
            "revision \(firstRevision) leaves no room below 2^53")
        self.epoch = epoch
        self.revision = firstRevision
        self.pending = firstRevision
        self.horizon = firstRevision
        self.limits = limits
        self.rules = rules
        self.ticks = TickRing(limit: limits.ticks, first: firstRevision)
        precondition(
            topics.count <= TopicSet.limit, "an engine has at most \(TopicSet.limit) topics")
        self.topics = topics.enumerated().map { number, schema in
            Topic(schema: schema, number: number, base: firstRevision, limits: limits)
        }
        var numbers: [String: Int] = [:]
        for (number, topic) in topics.enumerated() {
            precondition(numbers[topic.name] == nil, "topic \(topic.name) is named twice")
            numbers[topic.name] = number
        }
        self.topicNumbers = numbers
    }

    // Reading

    /// The topic of a name that was given to the initializer.
    package func topic(named name: String) -> TopicID {
        guard let number = topicNumbers[name] else {
            preconditionFailure("no topic \(name) in this engine")
        }
        return TopicID(index: number)
    }

    /// The topic of a name that a client sent.
    func topicNumber(_ name: String) -> Int? {
        topicNumbers[name]
    }

    /// What a topic looks like.
    package func schema(of topic: TopicID) -> TopicSchema {
        topics[topic.index].schema
    }

    /// Rows of a topic.
    package func count(of topic: TopicID) -> Int {
        topics[topic.index].rows.count
    }

    /// Handle of a row, `nil` if there is none of that id.
    package func handle(of id: String, in topic: TopicID) -> Int? {
        let topic = topics[topic.index]
        return topic.slot(of: id).map { topic.rows.metas[$0].handle }
    }

    /// Revision at which a field of a row last changed, or an earlier one that nobody can ask about any
    /// more; `nil` if there is no such row.
    package func revision(_ topic: TopicID, id: String, column: Int) -> Int? {
        let topic = topics[topic.index]
        return topic.slot(of: id).map { topic.rows.revision($0, column) }
    }

    /// A field of a row; ``FieldValue/absent`` also if there is no such row.
    package func value(_ topic: TopicID, id: String, column: Int) -> FieldValue {
        let topic = topics[topic.index]
        return topic.slot(of: id).map { topic.rows.value($0, column) } ?? .absent
    }

    /// True if there is a row of this id, and somebody may know of it.
    package func shows(_ topic: TopicID, id: String, to projection: Projection) -> Bool {
        let topic = topics[topic.index]
        return topic.slot(of: id).map {
            topic.matches($0, Filter.everything.narrowed(to: projection))
        } ?? false
    }

    /// Ids of all rows of a topic, in no order.
    package func ids(of topic: TopicID) -> [String] {
        topics[topic.index].ids
    }

    /// Different revisions that the newest deltas of each query and window start from, all together (R18).
    package var deltaStarts: Int {
        var count = 0
        queries.forEach { count += $0.startCount }
        windows.forEach { count += $0.deltas.startCount }
        return count
    }

    // Changing

    /// True between a change and its ``commit(at:)``; no frames may be asked for meanwhile.
    package var hasPendingChanges: Bool { pending != revision }

    /// Sets fields of a row, which is made if there is none of that id. Equal values change nothing.
    ///
    /// - Returns: the row's handle; `nil` if the row was refused (counted in ``counters``): its topic is
    ///   full or its id is longer than 1,024 bytes.
    @discardableResult
    package func upsert(_ topic: TopicID, id: String, _ fields: [FieldUpdate]) -> Int? {
        var place = RowPlace()
        upsert(topic, id: id, at: &place) { row in
            for field in fields where field.column != TopicSchema.idColumn {
                row.set(field.column, field.value)
            }
        }
        return place.slot < 0 ? nil : topics[topic.index].rows.metas[Int(place.slot)].handle
    }

    /// The same for a caller who remembers where the row stands, which saves looking its id up, and writes
    /// the fields one after the other, which saves a list of them.
    ///
    /// - Parameters:
    ///   - place: where it stood; need not be true any more. Kept by this function.
    ///   - write: is not called if the row is refused.
    package func upsert(
        _ topic: TopicID, id: String, at place: inout RowPlace, _ write: (inout RowWriter) -> Void
    ) {
        let topic = topics[topic.index]
        if topic.isRow(place, id) { return change(topic, Int(place.slot), write) }
        guard topic.hasRoom, id.utf8.count <= 1_024 else {
            place.slot = topic.slot(of: id).map { Int32($0) } ?? -1
            if place.slot < 0 {
                counters.rowsRefused += 1
            } else {
                change(topic, Int(place.slot), write)
            }
            return
        }
        let (slot, isNew) = topic.reserve(id)
        place.slot = Int32(slot)
        guard isNew else { return change(topic, slot, write) }
        pending += 1
        let (changed, refused) = topic.insert(id, at: slot, handle: pending, write)
        counters.fieldsChanged += changed + 1
        counters.fieldsRefused += refused
    }

    /// The same, and fields that are not named become absent.
    @discardableResult
    package func replace(_ topic: TopicID, id: String, _ fields: [FieldUpdate]) -> Int? {
        var named: UInt64 = 1
        for field in fields {
            named |= 1 << UInt64(field.column)
        }
        var all = fields
        if topics[topic.index].slot(of: id) != nil {
            for column in topics[topic.index].schema.columns.indices
            where named & (1 << UInt64(column)) == 0 {
                all.append(FieldUpdate(column, .absent))
            }
        }
        return upsert(topic, id: id, all)
    }

    /// Ends a row.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    package func remove(_ topic: TopicID, id: String) -> Bool {
        let topic = topics[topic.index]
        let stamp = max(pending, revision + 1)
        guard topic.remove(id, revision: stamp) else { return false }
        pending = stamp
        return true
    }

    private func change(_ topic: Topic, _ slot: Int, _ write: (inout RowWriter) -> Void) {
        let stamp = max(pending, revision + 1)
        let (changed, refused) = topic.change(slot, revision: stamp, write)
        counters.fieldsRefused += refused
        guard changed > 0 else { return }
        counters.fieldsChanged += changed
        pending = stamp
    }

    /// Ends the batch: what changed since the last commit becomes visible at once, as one revision (R12).
    ///
    /// - Returns: the new revision, or `nil` if nothing changed.
    @discardableResult
    package func commit(at now: Milliseconds) -> Int? {
        let isNewSecond = seconds.last.map { now / 1_000 > $0.time / 1_000 } ?? true
        guard hasPendingChanges else {
            if isNewSecond { maintain(now) }
            return nil
        }
        revision = pending
        counters.commits += 1
        ticks.append(revision)
        if isNewSecond {
            seconds.append((now, revision))
            maintain(now)
        } else {
            seconds[seconds.count - 1].revision = revision
        }
        return revision
    }

    /// About once a second: moves the horizon and lets go of what is behind it.
    private func maintain(_ now: Milliseconds) {
        while let first = seconds.first, first.time + 1_000 <= now - limits.horizonMilliseconds {
            horizon = first.revision
            seconds.removeFirst()
        }
        for topic in topics {
            topic.maintain(horizon: horizon, revision: revision)
        }
        queries.forEach { $0.expire(revision: revision, now: now) }
        windows.forEach { $0.expire(revision: revision) }
        for topic in topics { topic.tables?.release(now: now) }
    }

    /// Starts another history: every client is reset (protocol D11). Revisions go on growing.
    package func beginEpoch(_ epoch: String) {
        precondition(!hasPendingChanges, "a new epoch inside a batch")
        self.epoch = epoch
        generation += 1
        horizon = revision
    }
}
