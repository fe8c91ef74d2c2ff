/// Which rows a window has: by a walk along its order, or by what was touched since it was last right.
extension Window {
    /// Counts matching rows, and those in front.
    func recount() {
        let rows = topic.rows
        let index = tables.orders[key.order].index
        var newTotal = 0
        var newBefore = 0
        if filter.span == nil {
            let matcher = learnedMatcher()
            let (parts, counts) = (tables.groups.parts, tables.groups.counts)
            for group in counts.indices where matcher.matches(Int32(group), parts) {
                newTotal += counts[group]
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
            if filter.isEverything {
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
        let span = filter.span
        let matcher = learnedMatcher()
        let parts = tables.groups.parts
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
            if matcher.matches(metas[slot].group, parts), !body(slot) { return }
            position = isDescending ? index.before(found) : index.after(found)
        }
    }

    /// Matching rows from the window's start on, those beyond its end included.
    ///
    /// A walk for rows that match ends with the last of them, not with the last row of all.
    private var reachable: Int { total - (key.after == nil ? 0 : before) }

    /// Chooses the window's rows anew.
    func choose(revision: Int) {
        var chosen: [Int] = []
        fill(&chosen, from: key.after)
        take(chosen, revision: revision)
    }

    /// Chooses the window's rows from those it has and those that were touched up to its end.
    ///
    /// Rows that were not touched are where they were, so only what is missing at the end must be looked
    /// for: what a change costs does not depend on the number of rows.
    ///
    /// - Parameter touched: slots; their rows may be others by now, or gone.
    func repair(_ touched: Set<Int>, revision: Int) {
        let rows = topic.rows
        let index = tables.orders[key.order].index
        let matcher = learnedMatcher()
        let parts = tables.groups.parts
        let span = filter.span
        var candidates: [(bound: SortBound, slot: Int)] = []
        func consider(_ slot: Int) {
            let meta = rows.metas[slot]
            guard meta.handle != 0, matcher.matches(meta.group, parts),
                span.map({ $0.contains(rows.value(slot, $0.column)) }) ?? true
            else { return }
            let bound = index.bound(of: slot, in: rows)
            guard !isInFront(bound), end.map({ shown(bound, before: $0) <= 0 }) ?? true else {
                return
            }
            candidates.append((bound, slot))
        }
        for entry in entries where !touched.contains(entry.slot) { consider(entry.slot) }
        for slot in touched { consider(slot) }
        candidates.sort { shown($0.bound, before: $1.bound) < 0 }
        var chosen = candidates.prefix(key.limit).map(\.slot)
        if let end { fill(&chosen, from: end) }
        take(chosen, revision: revision)
    }

    /// Adds the next matching rows until the window is full.
    ///
    /// - Parameter place: rows up to and with it are passed over.
    private func fill(_ chosen: inout [Int], from place: SortBound?) {
        let most = min(key.limit, reachable)
        guard chosen.count < most else { return }
        walk(tables.orders[key.order].index, topic.rows, from: place) { slot in
            chosen.append(slot)
            return chosen.count < most
        }
    }

    /// Makes these the window's rows; those that stay keep when they came.
    private func take(_ chosen: [Int], revision: Int) {
        let rows = topic.rows
        let last = chosen.last.map { tables.orders[key.order].index.bound(of: $0, in: rows) }
        end = chosen.count >= key.limit ? last : nil
        defer { noteNext() }
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

    /// Notes whether rows follow the last one: their coming and going does not touch the window.
    func noteNext() {
        next = reachable > entries.count ? end : nil
    }
}
