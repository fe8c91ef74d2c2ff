extension SyncEngine {
    /// Opens a subscription to a whole topic. Its first frame is ready at once.
    ///
    /// - Parameters:
    ///   - request: what the client asked for.
    ///   - session: the client's.
    ///   - projection: what its role sees of the topic; whether it may see it at all is the caller's matter.
    ///   - now: the present moment.
    /// - Returns: for the answer to the client.
    /// - Throws: unknown topic, bad filter, number in use, too many.
    package func open(
        _ request: SubscriptionRequest, for session: inout SyncSession,
        projection: Projection = .everything, now: Milliseconds
    ) throws(SyncError) -> SubscriptionStart {
        guard let number = topicNumber(request.topic), topics[number].schema.kind == .whole else {
            throw unknownTopic(request.topic, .whole)
        }
        try checkRoom(request.subscription, in: session)
        let filter = try Filter(
            request.filter, schema: topics[number].schema, projection: projection, limits: limits)
        let query = try query(
            TopicQuery.Key(topic: number, filter: filter, projection: projection))
        let start = start(since: request.since, projection)
        let phase: Subscription.Phase
        switch start {
        case .delta: phase = .answer(afterSnapshot: false)
        case .snapshot(.initial): phase = beginSnapshot(query, now: now)
        case .snapshot(let reason): phase = .reset(reason)
        }
        session.subscriptions.append(
            Subscription(
                number: request.subscription, source: .topic(query), phase: phase,
                sent: request.since?.revision ?? revision,
                checked: request.since?.revision ?? revision, interval: interval(request.frequency),
                credit: Credit(limits), generation: generation))
        return start
    }

    /// Opens a window. Its rows are ready at once.
    ///
    /// - Throws: unknown topic, bad filter or order, number in use, too many.
    package func openView(
        _ request: ViewRequest, for session: inout SyncSession,
        projection: Projection = .everything, now: Milliseconds
    ) throws(SyncError) {
        guard let number = topicNumber(request.topic), topics[number].schema.kind == .windows
        else {
            throw unknownTopic(request.topic, .windows)
        }
        try checkRoom(request.subscription, in: session)
        guard session.subscriptions.count(where: \.isWindow) < limits.windowsPerSession else {
            throw SyncError(
                .full, "more than \(limits.windowsPerSession) windows; close one first")
        }
        try checkRows(request.limit)
        let schema = topics[number].schema
        let order = try order(request.order, schema, projection)
        let column = schema.sortColumns[order]
        let filter = try Filter(
            request.filter, schema: schema, projection: projection, limits: limits)
        if let span = filter.span, span.column != column {
            throw SyncError(.badFilter, "a range or prefix must be on the order's field")
        }
        let window = try window(
            Window.Key(
                topic: number, filter: filter, projection: projection, order: order,
                isDescending: request.descending, limit: request.limit, after: request.after,
                mode: request.mode))
        session.subscriptions.append(
            Subscription(
                number: request.subscription, source: .window(window),
                phase: .windowSnapshot(run: window.snapshot(), part: 0), sent: revision,
                checked: revision,
                interval: interval(request.frequency), credit: Credit(limits),
                generation: generation))
    }

    /// Moves a window to another place of its order.
    ///
    /// - Throws: not open, too many moves in a second.
    package func move(
        _ subscription: Int, after: SortBound?, for session: inout SyncSession, now: Milliseconds
    ) throws(SyncError) {
        guard let index = session.index(of: subscription),
            case .window(let old) = session.subscriptions[index].source
        else {
            throw SyncError(.notOpen, "no window \(subscription)")
        }
        session.moves.removeAll { $0 + 1_000 <= now }
        guard session.moves.count < limits.windowMovesPerSecond else {
            throw SyncError(.limit, "more than \(limits.windowMovesPerSecond) moves a second")
        }
        session.moves.append(now)
        let key = old.key
        let window = try window(
            Window.Key(
                topic: key.topic, filter: key.filter, projection: key.projection,
                order: key.order, isDescending: key.isDescending, limit: key.limit, after: after,
                mode: key.mode))
        session.subscriptions[index].source = .window(window)
        session.subscriptions[index].phase = .windowSnapshot(run: window.snapshot(), part: 0)
    }

    /// Closes a subscription or window.
    ///
    /// - Throws: not open.
    package func close(_ subscription: Int, for session: inout SyncSession) throws(SyncError) {
        guard let index = session.index(of: subscription) else {
            throw SyncError(.notOpen, "no subscription \(subscription)")
        }
        session.subscriptions.remove(at: index)
    }

    /// The client lost its rows: reset and snapshot (R16).
    ///
    /// - Throws: not open.
    package func resync(_ subscription: Int, for session: inout SyncSession) throws(SyncError) {
        guard let index = session.index(of: subscription) else {
            throw SyncError(.notOpen, "no subscription \(subscription)")
        }
        session.subscriptions[index].phase = .reset(.resync)
    }

    /// The client's role changed: what it sees of a topic is another thing now, or nothing.
    ///
    /// - Parameter projection: `nil` ends the topic's subscriptions, after a reset notice (R6).
    package func restrict(
        _ topic: TopicID, to projection: Projection?, for session: inout SyncSession
    ) {
        for index in session.subscriptions.indices
        where session.subscriptions[index].topic === topics[topic.index] {
            guard let projection else {
                session.subscriptions[index].phase = .reset(.forbidden)
                continue
            }
            change(&session.subscriptions[index], to: projection)
        }
    }

    private func change(_ subscription: inout Subscription, to projection: Projection) {
        switch subscription.source {
        case .topic(let query):
            guard query.key.projection != projection else { return }
            let key = TopicQuery.Key(
                topic: query.key.topic, filter: query.key.filter, projection: projection)
            guard isAllowed(key.filter.columns, projection), let next = try? self.query(key) else {
                // What cannot be asked for any more ends like a forbidden topic; the client is told.
                subscription.phase = .reset(.forbidden)
                return
            }
            subscription.source = .topic(next)
        case .window(let window):
            guard window.key.projection != projection else { return }
            let old = window.key
            let key = Window.Key(
                topic: old.topic, filter: old.filter, projection: projection, order: old.order,
                isDescending: old.isDescending, limit: old.limit, after: old.after, mode: old.mode)
            guard isAllowed(key.filter.columns, projection), let next = try? self.window(key) else {
                // As above.
                subscription.phase = .reset(.forbidden)
                return
            }
            subscription.source = .window(next)
        }
        subscription.phase = .reset(.roleChanged)
    }

    private func isAllowed(_ columns: UInt64, _ projection: Projection) -> Bool {
        (0..<TopicSchema.columnLimit).allSatisfy {
            columns & (1 << UInt64($0)) == 0 || projection.allowsFilter(on: $0)
        }
    }

    /// Refuses a page of no rows, or of too many.
    func checkRows(_ limit: Int) throws(SyncError) {
        guard 1...limits.windowRows ~= limit else {
            throw SyncError(.badFilter, "limit is not between 1 and \(limits.windowRows)")
        }
    }

    /// The number of the order that a client named; the topic's first if it named none.
    func order(
        _ name: String?, _ schema: TopicSchema, _ projection: Projection
    ) throws(SyncError) -> Int {
        let column = name.map { schema.column($0) } ?? schema.sortColumns[0]
        guard let column, let order = schema.sortColumns.firstIndex(of: column),
            projection.allowsFilter(on: column)
        else {
            throw SyncError(
                .badFilter,
                "\(schema.name) cannot be ordered by \((name ?? "").prefix(64)); one can order by "
                    + schema.names(schema.sortColumns, projection))
        }
        return order
    }

    /// The refusal of a topic, with the names that would do.
    func unknownTopic(_ name: String, _ kind: TopicSchema.Kind) -> SyncError {
        let names = topics.filter { $0.schema.kind == kind }.map(\.schema.name).sorted()
        let method = kind == .whole ? "sub.open" : "view.open"
        return SyncError(
            .unknownTopic,
            "no topic \(name.prefix(64)) for \(method); there are \(names.joined(separator: ", "))")
    }

    private func checkRoom(_ number: Int, in session: SyncSession) throws(SyncError) {
        guard session.index(of: number) == nil else {
            throw SyncError(.conflict, "subscription \(number) is open already")
        }
        guard session.count < limits.subscriptionsPerSession else {
            throw SyncError(
                .full,
                "more than \(limits.subscriptionsPerSession) subscriptions; close one first")
        }
    }

    /// Whether a position can be resumed from (R20): one of rows of which the role sees the same as before.
    package func start(
        since: SyncPosition?, _ projection: Projection = .everything
    ) -> SubscriptionStart {
        guard let since else { return .snapshot(.initial) }
        guard since.epoch == projection.epoch(of: epoch) else {
            let isSameHistory = Projection.history(of: since.epoch) == epoch
            return .snapshot(isSameHistory ? .roleChanged : .epochChanged)
        }
        guard since.revision <= revision else { return .snapshot(.ahead) }
        return since.revision < horizon ? .snapshot(.tooOld) : .delta
    }

    private func interval(_ frequency: Double?) -> Milliseconds {
        let asked = frequency ?? limits.defaultFrequency
        let bounded = asked > 0 ? min(asked, limits.frequency) : limits.defaultFrequency
        return Milliseconds((1_000 / max(bounded, 1.0 / 60)).rounded(.up))
    }

    private func query(_ key: TopicQuery.Key) throws(SyncError) -> TopicQuery {
        if let query = queries[key] { return query }
        guard queries.hasRoom(limits.queries) else {
            throw SyncError(.limit, "more than \(limits.queries) filters are in use")
        }
        let query = TopicQuery(key: key, topic: topics[key.topic], rules: rules)
        queries.insert(query, for: key)
        return query
    }

    private func window(_ key: Window.Key) throws(SyncError) -> Window {
        let known = windows[key]
        if let known, key.mode == .follow || known.openedAt == revision {
            known.refresh(revision: revision)
            return known
        }
        guard windows.hasRoom(limits.windows) else {
            throw SyncError(.limit, "more than \(limits.windows) windows are in use")
        }
        guard let tables = topics[key.topic].tables else {
            throw unknownTopic(topics[key.topic].schema.name, .windows)
        }
        let window = Window(key: key, topic: topics[key.topic], tables: tables, revision: revision)
        if let known {
            // A pinned window of the same rows serves both.
            known.refresh(revision: revision)
            if known.isSame(as: window) { return known }
        }
        windows.insert(window, for: key)
        return window
    }

    func beginSnapshot(_ query: TopicQuery, now: Milliseconds) -> Subscription.Phase {
        .snapshot(
            run: query.beginSnapshot(
                epoch: query.key.projection.epoch(of: epoch), revision: revision, now: now),
            part: 0, cursor: 0)
    }
}
