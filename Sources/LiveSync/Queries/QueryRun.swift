/// `query`: a page of rows, asked for once (R27).
package struct QueryRequest: Sendable, Equatable {
    /// Name of the topic.
    package var topic: String
    /// Which rows; all if `nil`.
    package var filter: FilterExpression?
    /// Name of the column to sort by; the topic's first if `nil`.
    package var order: String?
    /// Greatest first.
    package var descending: Bool
    /// Rows, at most 200.
    package var limit: Int
    /// Place to start after; `nil` for the first rows.
    package var after: SortBound?

    /// Makes a request.
    package init(
        topic: String, filter: FilterExpression? = nil, order: String? = nil,
        descending: Bool = true, limit: Int = 50, after: SortBound? = nil
    ) {
        self.topic = topic
        self.filter = filter
        self.order = order
        self.descending = descending
        self.limit = limit
        self.after = after
    }
}

/// What a query found.
package struct QueryPage: Sendable, Equatable {
    /// Names for column numbers.
    package let schema: TopicSchema
    /// The rows, in the order that was asked for.
    package let rows: RowSet
    /// Where to go on; `nil` if everything was looked at.
    package let next: SortBound?
    /// Rows that were looked at, of those that the asker may know of.
    package let looked: Int
    /// True if it ended for lack of time: rows may follow that would have had room on this page.
    package let isPartial: Bool

    /// Equal if a client cannot tell them apart.
    package static func == (left: QueryPage, right: QueryPage) -> Bool {
        left.rows == right.rows && left.next == right.next && left.looked == right.looked
            && left.isPartial == right.isPartial
    }
}

/// A query under way. It looks at some rows at a time, so that its owner can do other things between:
/// rows may change meanwhile, and each is judged as it is when it is looked at.
package final class QueryRun {
    private let topic: Topic
    private let tables: WindowTables
    private let filter: QueryFilter?
    private let projection: Projection
    private let order: Int
    private let descending: Bool
    private let limit: Int
    private var shown: ShownRows
    /// Rows up to and with it have been looked at.
    private var place: SortBound?
    /// The same, up to a row that the asker may know of: its place tells nothing of the others.
    private var told: SortBound?
    /// Whether such a row was looked at.
    private var hasAdvanced = false
    private var rows = RowSet()
    private var looked = 0
    private var isExhausted = false
    private var isFull = false

    init(
        _ topic: Topic, _ tables: WindowTables, filter: QueryFilter?, projection: Projection,
        order: Int, request: QueryRequest
    ) {
        self.topic = topic
        self.tables = tables
        self.filter = filter
        self.projection = projection
        self.order = order
        descending = request.descending
        limit = request.limit
        place = request.after
        told = request.after
        shown = ShownRows(projection, tables)
        tables.use(order, of: topic.rows)
    }

    deinit {
        tables.disuse(order)
    }

    /// Whether nothing is left to do.
    package var isDone: Bool { isExhausted || isFull }

    /// Whether the page leads further than the one before, so that it may end for lack of time.
    package var mayEnd: Bool { isDone || hasAdvanced }

    /// Looks at the next rows.
    ///
    /// - Parameter most: rows to look at.
    package func step(_ most: Int) {
        let index = tables.orders[order].index
        let store = topic.rows
        let matcher = shown.learned(tables)
        let parts = tables.groups.parts
        var position = start(index, store)
        for _ in 0..<most where !isDone {
            guard let found = position, let slot = index.slot(at: found) else {
                isExhausted = true
                return
            }
            let isShown = matcher.matches(store.metas[slot].group, parts)
            if isShown {
                looked += 1
                let isMatch = filter?.matches { store.value(slot, $0) } ?? true
                guard !isMatch || take(slot) else { return }
            }
            place = index.bound(of: slot, in: store)
            if isShown { (told, hasAdvanced) = (place, true) }
            position = descending ? index.before(found) : index.after(found)
            if rows.count == limit { isFull = true }
        }
    }

    /// What was found until now.
    package var page: QueryPage {
        QueryPage(
            schema: topic.schema, rows: rows, next: isExhausted ? nil : told, looked: looked,
            isPartial: !isDone)
    }

    private func start(_ index: OrderIndex, _ store: RowStore) -> OrderIndex.Position? {
        guard let place else {
            return descending
                ? index.before(index.end) : index.firstNotBefore(key: .absent, in: store)
        }
        let found = index.firstNotBefore(place, in: store)
        guard !descending else { return index.before(found) }
        let isThere =
            index.slot(at: found).map { index.bound(of: $0, in: store) == place } ?? false
        return isThere ? index.after(found) : found
    }

    /// Adds a row, unless it would make the page larger than a frame.
    private func take(_ slot: Int) -> Bool {
        topic.append(whole: slot, projection, to: &rows)
        guard rows.estimatedBytes > topic.limits.frameBytes, rows.count > 1 else { return true }
        _ = rows.takeLastRow()
        looked -= 1
        isFull = true
        return false
    }
}

extension SyncEngine {
    /// Begins a query; nothing is looked at yet.
    ///
    /// - Parameters:
    ///   - request: what the client asked for.
    ///   - projection: what its role sees of the topic; whether it may see it at all is the caller's matter.
    /// - Throws: unknown topic, bad filter, order or limit.
    package func query(
        _ request: QueryRequest, projection: Projection = .everything
    ) throws(SyncError) -> QueryRun {
        guard let number = topicNumber(request.topic), let tables = topics[number].tables else {
            throw unknownTopic(request.topic, .windows)
        }
        try checkRows(request.limit)
        let schema = topics[number].schema
        let order = try order(request.order, schema, projection)
        let filter: QueryFilter? =
            if let expression = request.filter {
                try QueryFilter(
                    expression, schema: schema, projection: projection, limits: limits)
            } else { nil }
        return QueryRun(
            topics[number], tables, filter: filter, projection: projection, order: order,
            request: request)
    }
}
