internal import DequeModule

/// One window, shared by all clients that look at the same rows (R22, R23).
///
/// It keeps at most 200 slots and when each of them came, so that a client at any earlier revision can be
/// told what changed. It is brought up to date when a client's time has come, from the log of its order:
/// the rows are chosen anew only if something came or went in or before the window.
final class Window {
    /// What makes two windows the same. A span of the filter is on the order's column.
    struct Key: Hashable {
        let topic: Int
        let filter: Filter
        let projection: Projection
        let order: Int
        let isDescending: Bool
        let limit: Int
        let after: SortBound?
        let mode: WindowMode
    }

    /// A row of the window.
    struct Entry {
        let slot: Int
        let handle: Int
        /// Revision at which it came into the window.
        let enteredAt: Int
        /// Pinned: it does not match any more, or its row is gone.
        var hasLeft = false
        /// Revision at which `hasLeft` last changed.
        var leftAt = 0
        /// Pinned: a rule hides its row, and what it becomes.
        var isHidden = false
        /// Revision at which a rule last stopped hiding it.
        var shownAt = 0
    }

    /// What counts as being in front of the window.
    enum Front: Equatable {
        /// Nothing: the window starts with the first row.
        case none
        /// Rows up to and with a place.
        case through(SortBound)
        /// Rows strictly before a place.
        case before(SortBound)
        /// Every row: a pinned window that was empty when it was opened.
        case everything
    }

    let key: Key
    /// The key's filter, for those rows that its projection shows.
    let filter: Filter
    /// What its clients may know of, whatever they filter by.
    let shown: Filter
    let topic: Topic
    let tables: WindowTables
    var entries: [Entry] = []
    private(set) var front = Front.none
    var total = 0
    var before = 0
    /// Revision at which anything that a client sees last changed.
    var changedAt: Int
    var orderChangedAt: Int
    /// Place of the last row if more follow it.
    var next: SortBound?
    /// Revision at which its first client opened it.
    let openedAt: Int
    /// Revision up to which all of the above is right.
    private(set) var computedAt: Int
    private var logPosition = 0
    private var groupGeneration: Int
    private var matcher: GroupMatcher
    /// Place of the last entry when it was chosen, if there were as many as fit: what comes after it does
    /// not touch the window. `nil` if all matching rows are in it.
    var end: SortBound?
    var deltas = DeltaCache()
    var snapshotRun: WindowRun?

    init(key: Key, topic: Topic, tables: WindowTables, revision: Int) {
        self.key = key
        self.filter = key.filter.narrowed(to: key.projection)
        self.shown = Filter.everything.narrowed(to: key.projection)
        self.topic = topic
        self.tables = tables
        self.openedAt = revision
        self.changedAt = revision
        self.orderChangedAt = revision
        self.computedAt = revision
        self.groupGeneration = tables.groups.generation
        self.matcher = GroupMatcher(filter, columns: tables.groups.columns)
        tables.use(key.order, of: topic.rows)
        if let after = key.after { front = .through(after) }
        recount()
        choose(revision: revision)
        if key.mode == .pinned, key.after == nil {
            let index = tables.orders[key.order].index
            front =
                entries.first.map { .before(index.bound(of: $0.slot, in: topic.rows)) }
                ?? .everything
            recount()
        }
        logPosition = tables.orders[key.order].logEnd
    }

    deinit {
        tables.disuse(key.order)
    }

    // Matching

    /// The filter, with answers about all values there are now, so that loops can read them alone.
    func learnedMatcher() -> GroupMatcher {
        matcher.learn(tables.groups)
        return matcher
    }

    // Order

    /// Negative if `left` is shown before `right`.
    func shown(_ left: SortBound, before right: SortBound) -> Int {
        let ascending = left.ordered(before: right)
        return key.isDescending ? -ascending : ascending
    }

    func isInFront(_ bound: SortBound) -> Bool {
        switch front {
        case .none: false
        case .everything: true
        case .before(let place): shown(bound, before: place) < 0
        case .through(let place): shown(bound, before: place) <= 0
        }
    }

    // Bringing it up to date

    /// Makes the window right for a revision. Cheap if it is already, or if nothing touched it.
    func refresh(revision: Int) {
        guard computedAt != revision else { return }
        let order = tables.orders[key.order]
        if groupGeneration != tables.groups.generation || logPosition < order.logStart {
            groupGeneration = tables.groups.generation
            matcher.forget()
            let earlier = (total, before)
            recount()
            if earlier != (total, before) { changedAt = revision }
            if key.mode == .follow { choose(revision: revision) }
        } else {
            replayLog(order, revision: revision)
        }
        logPosition = order.logEnd
        markChanges(revision: revision)
        computedAt = revision
    }

    private func replayLog(_ order: WindowTables.Order, revision: Int) {
        let matcher = learnedMatcher()
        let parts = tables.groups.parts
        let span = filter.span
        let follows = key.mode == .follow
        var touched: Set<Int> = []
        var (newTotal, newBefore) = (total, before)
        for number in logPosition..<order.logEnd {
            let touch = order.log[number - order.logStart]
            guard matcher.matches(touch.group, parts), span?.contains(touch.bound.key) ?? true
            else { continue }
            newTotal += touch.sign
            if isInFront(touch.bound) {
                newBefore += touch.sign
            } else if follows, end.map({ shown(touch.bound, before: $0) <= 0 }) ?? true {
                touched.insert(Int(touch.slot))
            }
        }
        if (newTotal, newBefore) != (total, before) {
            (total, before) = (newTotal, newBefore)
            changedAt = revision
        }
        if !touched.isEmpty {
            repair(touched, revision: revision)
        } else if follows {
            noteNext()
        }
    }

    /// Notes which of the window's rows changed or left since it was last right.
    private func markChanges(revision: Int) {
        let rows = topic.rows
        let matcher = learnedMatcher()
        let parts = tables.groups.parts
        let span = filter.span
        let isPinned = key.mode == .pinned
        var hasChange = false
        for index in entries.indices {
            let entry = entries[index]
            let isGone = rows.metas[entry.slot].handle != entry.handle
            let isChanged = !isGone && rows.lastChange(entry.slot) > computedAt
            let isHidden = isChanged ? !topic.matches(entry.slot, shown) : entry.isHidden
            if isChanged, !isHidden { hasChange = true }
            guard isPinned else { continue }
            if isHidden != entry.isHidden {
                entries[index].isHidden = isHidden
                if !isHidden { entries[index].shownAt = revision }
            }
            let hasLeft =
                isGone || !matcher.matches(rows.metas[entry.slot].group, parts)
                || !(span.map { $0.contains(rows.value(entry.slot, $0.column)) } ?? true)
            if hasLeft != entry.hasLeft {
                entries[index].hasLeft = hasLeft
                entries[index].leftAt = revision
                hasChange = true
            }
        }
        if hasChange { changedAt = revision }
    }
}
