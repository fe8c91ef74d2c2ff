/// Finds the ids of all rows that match a filter, the newest first. It looks at some rows at a time, so
/// that its owner can do other things between; each row is judged as it is when it is looked at.
package final class MatchRun {
    private let topic: Topic
    private let tables: WindowTables
    private let filter: QueryFilter
    private var shown: ShownRows
    private let limit: Int
    private var place: SortBound?
    /// The topic's first order: a row never moves in it.
    private static let order = 0

    /// Ids found until now, at most the limit.
    package private(set) var ids: [String] = []
    /// Whether nothing is left to do.
    package private(set) var isDone = false

    init(
        _ topic: Topic, _ tables: WindowTables, filter: QueryFilter, shown: ShownRows, limit: Int
    ) {
        self.topic = topic
        self.tables = tables
        self.filter = filter
        self.shown = shown
        self.limit = limit
        tables.use(Self.order, of: topic.rows)
    }

    deinit {
        tables.disuse(Self.order)
    }

    /// Looks at the next rows.
    ///
    /// - Parameter most: rows to look at.
    package func step(_ most: Int) {
        let index = tables.orders[Self.order].index
        let store = topic.rows
        let matcher = shown.learned(tables)
        let parts = tables.groups.parts
        var position = index.before(
            place.map { index.firstNotBefore($0, in: store) } ?? index.end)
        for _ in 0..<most where !isDone {
            guard let found = position, let slot = index.slot(at: found) else {
                isDone = true
                return
            }
            place = index.bound(of: slot, in: store)
            position = index.before(found)
            guard matcher.matches(store.metas[slot].group, parts),
                filter.matches({ store.value(slot, $0) })
            else { continue }
            if case .text(let id) = store.value(slot, 0) { ids.append(id) }
            isDone = ids.count >= limit
        }
    }
}

extension SyncEngine {
    /// Begins to look for all rows of a windowed topic that match.
    ///
    /// - Parameters:
    ///   - limit: ids after which it stops.
    ///   - projection: which rows are looked at, and what may be asked of them.
    /// - Throws: unknown topic, bad filter.
    package func matches(
        _ expression: FilterExpression, in name: String, limit: Int,
        projection: Projection = .everything
    ) throws(SyncError) -> MatchRun {
        guard let number = topicNumber(name), let tables = topics[number].tables else {
            throw unknownTopic(name, .windows)
        }
        let topic = topics[number]
        let filter = try QueryFilter(
            expression, schema: topic.schema, projection: projection, limits: limits)
        return MatchRun(
            topic, tables, filter: filter, shown: ShownRows(projection, tables), limit: limit)
    }
}
