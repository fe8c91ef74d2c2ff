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
    /// Per group: 0 not asked yet, 1 no, 2 yes.
    private var groupMatches: [UInt8] = []
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
        if let after = key.after { front = .through(after) }
        choose(revision: revision)
        if key.mode == .pinned, key.after == nil {
            let index = tables.orders[key.order].index
            front =
                entries.first.map { .before(index.bound(of: $0.slot, in: topic.rows)) }
                ?? .everything
        }
        recount()
        logPosition = tables.orders[key.order].logEnd
    }

    // Matching

    /// True if rows of a group match the filter's clauses; asked once per group.
    func matches(group: Int32) -> Bool {
        let number = Int(group)
        if groupMatches.count <= number {
            groupMatches.append(
                contentsOf: repeatElement(0, count: tables.groups.groups.count - groupMatches.count)
            )
        }
        if groupMatches[number] == 0 {
            groupMatches[number] = tables.groups.matches(number, key.filter) ? 2 : 1
        }
        return groupMatches[number] == 2
    }

    private func matches(_ touch: WindowTables.Touch) -> Bool {
        matches(group: touch.group) && (key.filter.span?.contains(touch.bound.key) ?? true)
    }

    private func matches(slot: Int) -> Bool {
        guard matches(group: topic.rows.metas[slot].group) else { return false }
        guard let span = key.filter.span else { return true }
        return span.contains(topic.rows.value(slot, span.column))
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
        var mustChoose = false
        let earlier = (total, before)
        let last = entries.last.map { SortBound(key: lastKey, handle: $0.handle) }
        for number in logPosition..<order.logEnd {
            let touch = order.log[number - order.logStart]
            guard matches(touch) else { continue }
            total += touch.sign
            if isInFront(touch.bound) {
                before += touch.sign
            } else if key.mode == .follow, !mustChoose {
                mustChoose = !isFull || last.map { shown(touch.bound, before: $0) <= 0 } ?? true
            }
        }
        if earlier != (total, before) { changedAt = revision }
        if mustChoose { choose(revision: revision) }
    }

    /// Key of the last entry when it was chosen.
    private var lastKey = FieldValue.absent

    /// Notes which of the window's rows changed or left since it was last right.
    private func markChanges(revision: Int) {
        let rows = topic.rows
        for index in entries.indices {
            let entry = entries[index]
            let isGone = rows.metas[entry.slot].handle != entry.handle
            if !isGone, rows.lastChange(entry.slot) > computedAt { changedAt = revision }
            guard key.mode == .pinned else { continue }
            let hasLeft = isGone || !matches(slot: entry.slot)
            if hasLeft != entry.hasLeft {
                entries[index].hasLeft = hasLeft
                entries[index].leftAt = revision
                changedAt = revision
            }
        }
    }

    /// Counts matching rows, and those in front.
    private func recount() {
        let index = tables.orders[key.order].index
        if key.filter.span == nil {
            total = 0
            for group in tables.groups.groups.indices where matches(group: Int32(group)) {
                total += tables.groups.groups[group].count
            }
        } else {
            total = 0
            walk(from: nil) { _ in
                total += 1
                return true
            }
        }
        before = 0
        switch front {
        case .none: return
        case .everything: before = total
        case .before, .through:
            if key.filter.isEverything {
                before = rankOfFront(index)
                return
            }
            walk(from: nil) { slot in
                guard isInFront(index.bound(of: slot, in: topic.rows)) else { return false }
                before += 1
                return true
            }
        }
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
    private func walk(from place: SortBound?, _ body: (Int) -> Bool) {
        let index = tables.orders[key.order].index
        let rows = topic.rows
        let span = key.filter.span
        var position: OrderIndex.Position?
        if key.isDescending {
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
            if matches(slot: slot), !body(slot) { return }
            position = key.isDescending ? index.before(found) : index.after(found)
        }
    }

    /// Chooses the window's rows anew; rows that stay keep when they came.
    private func choose(revision: Int) {
        let rows = topic.rows
        let index = tables.orders[key.order].index
        var known: [Int: Int] = [:]
        for entry in entries {
            known[entry.handle] = entry.enteredAt
        }
        let earlier = entries.map(\.handle)
        entries.removeAll(keepingCapacity: true)
        var hasMore = false
        walk(from: key.after) { slot in
            guard entries.count < key.limit else {
                hasMore = true
                return false
            }
            let handle = rows.metas[slot].handle
            entries.append(
                Entry(slot: slot, handle: handle, enteredAt: known[handle] ?? revision))
            return true
        }
        isFull = entries.count >= key.limit
        let last = entries.last.map { index.bound(of: $0.slot, in: rows) }
        lastKey = last?.key ?? .absent
        next = hasMore ? last : nil
        if entries.map(\.handle) != earlier {
            orderChangedAt = revision
            changedAt = revision
        }
    }
}
