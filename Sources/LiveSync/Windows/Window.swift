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
    let topic: Topic
    let tables: WindowTables
    private(set) var entries: [Entry] = []
    private(set) var front = Front.none
    private(set) var total = 0
    private(set) var before = 0
    /// Revision at which anything that a client sees last changed.
    private(set) var changedAt: Int
    private(set) var orderChangedAt: Int
    private(set) var next: SortBound?
    /// Revision at which its first client opened it.
    let openedAt: Int
    /// Revision up to which all of the above is right.
    private(set) var computedAt: Int
    private var logPosition = 0
    private var groupGeneration: Int
    /// Whether rows of a group match the filter's clauses; asked once per group.
    private var groupMatches: [Bool] = []
    private var isFull = false
    var deltas = DeltaCache()
    var snapshotRun: WindowRun?

    init(key: Key, topic: Topic, tables: WindowTables, revision: Int) {
        self.key = key
        self.topic = topic
        self.tables = tables
        self.openedAt = revision
        self.changedAt = revision
        self.orderChangedAt = revision
        self.computedAt = revision
        self.groupGeneration = tables.groups.generation
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

    /// Asks the filter about groups that are new, so that loops can read the answers alone.
    private func askGroups() -> [Bool] {
        for group in groupMatches.count..<max(groupMatches.count, tables.groups.groups.count) {
            groupMatches.append(tables.groups.matches(group, key.filter))
        }
        return groupMatches
    }

    // Order

    /// Negative if `left` is shown before `right`.
    private func shown(_ left: SortBound, before right: SortBound) -> Int {
        let ascending = left.ordered(before: right)
        return key.isDescending ? -ascending : ascending
    }

    private func isInFront(_ bound: SortBound) -> Bool {
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
            groupMatches.removeAll()
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
        let matches = askGroups()
        let span = key.filter.span
        let follows = key.mode == .follow
        let last = entries.last.map { SortBound(key: lastKey, handle: $0.handle) }
        var mustChoose = false
        var (newTotal, newBefore) = (total, before)
        for number in logPosition..<order.logEnd {
            let touch = order.log[number - order.logStart]
            guard matches[Int(touch.group)], span?.contains(touch.bound.key) ?? true else {
                continue
            }
            newTotal += touch.sign
            if isInFront(touch.bound) {
                newBefore += touch.sign
            } else if follows, !mustChoose {
                mustChoose = !isFull || last.map { shown(touch.bound, before: $0) <= 0 } ?? true
            }
        }
        if (newTotal, newBefore) != (total, before) {
            (total, before) = (newTotal, newBefore)
            changedAt = revision
        }
        if mustChoose { choose(revision: revision) }
    }

    /// Key of the last entry when it was chosen.
    private var lastKey = FieldValue.absent

    /// Notes which of the window's rows changed or left since it was last right.
    private func markChanges(revision: Int) {
        let rows = topic.rows
        let matches = askGroups()
        let span = key.filter.span
        let isPinned = key.mode == .pinned
        var marked: [(index: Int, hasLeft: Bool)] = []
        var hasChange = false
        for (index, entry) in entries.enumerated() {
            let isGone = rows.metas[entry.slot].handle != entry.handle
            if !isGone, rows.lastChange(entry.slot) > computedAt { hasChange = true }
            guard isPinned else { continue }
            let hasLeft =
                isGone || !matches[Int(rows.metas[entry.slot].group)]
                || !(span.map { $0.contains(rows.value(entry.slot, $0.column)) } ?? true)
            if hasLeft != entry.hasLeft { marked.append((index, hasLeft)) }
        }
        for (index, hasLeft) in marked {
            entries[index].hasLeft = hasLeft
            entries[index].leftAt = revision
        }
        if hasChange || !marked.isEmpty { changedAt = revision }
    }

    /// Counts matching rows, and those in front.
    private func recount() {
        let rows = topic.rows
        let index = tables.orders[key.order].index
        var newTotal = 0
        var newBefore = 0
        if key.filter.span == nil {
            let matches = askGroups()
            for (number, group) in tables.groups.groups.enumerated() where matches[number] {
                newTotal += group.count
            }
        } else {
            walk(index, rows, from: nil) { _ in
                newTotal += 1
                return true
            }
        }
        switch front {
        case .none: newBefore = 0
        case .everything: newBefore = newTotal
        case .before, .through:
            if key.filter.isEverything {
                newBefore = rankOfFront(index)
            } else {
                walk(index, rows, from: nil) { slot in
                    guard isInFront(index.bound(of: slot, in: rows)) else { return false }
                    newBefore += 1
                    return true
                }
            }
        }
        (total, before) = (newTotal, newBefore)
    }

    private func rankOfFront(_ index: OrderIndex) -> Int {
        let place: SortBound
        let isIncluded: Bool
        switch front {
        case .before(let bound): (place, isIncluded) = (bound, false)
        case .through(let bound): (place, isIncluded) = (bound, true)
        case .none, .everything: return 0
        }
        let position = index.firstNotBefore(place, in: topic.rows)
        let isThere =
            index.slot(at: position).map { index.bound(of: $0, in: topic.rows) == place } ?? false
        let rank = index.rank(position)
        if key.isDescending {
            return index.count - rank - (isThere && !isIncluded ? 1 : 0)
        }
        return rank + (isThere && isIncluded ? 1 : 0)
    }

    /// Visits matching rows in the window's order until `body` says stop.
    ///
    /// - Parameter place: rows up to and with it are passed over.
    private func walk(
        _ index: OrderIndex, _ rows: RowStore, from place: SortBound?, _ body: (Int) -> Bool
    ) {
        let span = key.filter.span
        let matches = askGroups()
        let metas = rows.metas
        let isDescending = key.isDescending
        var position: OrderIndex.Position?
        if isDescending {
            var end = index.end
            if let place {
                end = index.firstNotBefore(place, in: rows)
            } else if let span, span.prefix == nil, !span.upper.isAbsent {
                end = index.firstNotBefore(key: span.upper, in: rows)
            }
            position = index.before(end)
        } else if let place {
            position = index.firstNotBefore(place, in: rows)
            if let found = position, let slot = index.slot(at: found),
                index.bound(of: slot, in: rows) == place
            {
                position = index.after(found)
            }
        } else {
            let lower = span.map { $0.prefix.map { .text($0) } ?? $0.lower } ?? FieldValue.absent
            position = index.firstNotBefore(key: lower, in: rows)
        }
        var entered = false
        while let found = position, let slot = index.slot(at: found) {
            if let span {
                // The span is one stretch of this order: after it nothing matches.
                if span.contains(rows.value(slot, span.column)) {
                    entered = true
                } else if entered {
                    return
                }
            }
            if matches[Int(metas[slot].group)], !body(slot) { return }
            position = isDescending ? index.before(found) : index.after(found)
        }
    }

    /// Chooses the window's rows anew; rows that stay keep when they came.
    private func choose(revision: Int) {
        let rows = topic.rows
        let index = tables.orders[key.order].index
        let limit = key.limit
        // Rows that match few of many: the walk ends with the last of them, not with the last row.
        let most = total - (key.after == nil ? 0 : before)
        var chosen: [Int] = []
        var hasMore = false
        if most > 0 {
            walk(index, rows, from: key.after) { slot in
                guard chosen.count < limit else {
                    hasMore = true
                    return false
                }
                chosen.append(slot)
                return chosen.count < most
            }
        }
        isFull = chosen.count >= limit
        let last = chosen.last.map { index.bound(of: $0, in: rows) }
        lastKey = last?.key ?? .absent
        next = hasMore ? last : nil
        let isSame = chosen.elementsEqual(entries) {
            $0 == $1.slot && rows.metas[$0].handle == $1.handle
        }
        guard !isSame else { return }
        var known: [Int: Int] = [:]
        for entry in entries {
            known[entry.handle] = entry.enteredAt
        }
        entries = chosen.map { slot in
            let handle = rows.metas[slot].handle
            return Entry(slot: slot, handle: handle, enteredAt: known[handle] ?? revision)
        }
        orderChangedAt = revision
        changedAt = revision
    }
}
