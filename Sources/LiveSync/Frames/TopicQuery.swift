internal import DequeModule

/// A filter and a projection over a whole topic, shared by all subscriptions that ask for the same, with
/// the frames made for them: each delta and each part of a snapshot is computed once (R18, R19).
final class TopicQuery {
    /// What makes two subscriptions the same.
    struct Key: Hashable {
        let topic: Int
        let filter: Filter
        let projection: Projection
    }

    let key: Key
    /// The key's filter, for those rows that its projection shows.
    private let filter: Filter
    let topic: Topic
    private let rules: DeltaRules
    private var deltas = DeltaCache()
    /// The snapshot that newcomers join.
    private var latest: SnapshotRun?
    /// All that somebody is still in the midst of.
    private var runs: [Reference] = []

    /// A snapshot lives as long as somebody reads it.
    private struct Reference {
        weak var run: SnapshotRun?
    }

    init(key: Key, topic: Topic, rules: DeltaRules) {
        self.key = key
        self.filter = key.filter.narrowed(to: key.projection)
        self.topic = topic
        self.rules = rules
    }

    /// Different revisions that the newest deltas start from.
    var startCount: Int { deltas.startCount }

    /// The revision to start a delta from, for a client at `asked`; see ``DeltaCache``.
    func start(asked: Int, bucket: Int, to: Int) -> Int {
        deltas.start(asked: asked, bucket: bucket, to: to)
    }

    /// The delta between two revisions, computed at most once.
    ///
    /// - Parameter label: what its frames name as their start; see ``DeltaRun/label``.
    /// - Returns: the run, and whether it was there already.
    func delta(from: Int, label: Int, to: Int) -> (run: DeltaRun, shared: Bool) {
        deltas.delta(from: from, label: label, to: to) { computeDelta(from: from, to: to) }
    }

    /// R17, with a superset `from` in mind: the client may have rows created after `from`.
    private func computeDelta(from: Int, to: Int) -> DeltaRun {
        let rows = topic.rows
        let limits = topic.limits
        var parts = DeltaParts(
            from: from, to: to, schema: topic.schema, frameBytes: limits.frameBytes)
        for index in topic.tombstones.indices.reversed() {
            let tombstone = topic.tombstones[index]
            guard tombstone.goneAt > from else { break }
            parts.addGone(tombstone.handle)
        }
        var slot = Int(rows.newest)
        while slot >= 0, rows.lastChange(slot) > from {
            add(slot, from: from, to: &parts)
            slot = Int(rows.metas[slot].previous)
        }
        return finish(parts)
    }

    private func add(_ slot: Int, from: Int, to parts: inout DeltaParts) {
        let rows = topic.rows
        let handle = rows.metas[slot].handle
        let isFresh = handle > from
        let filterChanged = newestFilterChange(slot)
        let mayHaveMoved = filter.columns != 0 && filterChanged > from
        if topic.matches(slot, filter) {
            if isFresh || (mayHaveMoved && rules.sendsEnteringRowsWhole) {
                parts.addNew { topic.append(whole: slot, key.projection, to: &$0) }
            } else {
                parts.addPut {
                    topic.append(changesOf: slot, since: from, key.projection, to: &$0)
                }
            }
        } else if mayHaveMoved, rules.takesLeavingRowsAway {
            // A fresh row whose filter fields are as they were at its creation never matched. The
            // others may have: the client may stand between `from` and `to`, or have seen the row in
            // a snapshot that was taken in between.
            let neverMatched = filterChanged <= rows.revision(slot, TopicSchema.idColumn)
            if isFresh, neverMatched || !rules.takesFreshRowsAway { return }
            parts.addGone(handle)
        }
    }

    private func newestFilterChange(_ slot: Int) -> Int {
        var newest = 0
        var columns = filter.columns
        while columns != 0 {
            let column = columns.trailingZeroBitCount
            newest = max(newest, topic.rows.revision(slot, column))
            columns &= columns - 1
        }
        return newest
    }

    private func finish(_ collected: DeltaParts) -> DeltaRun {
        var parts = collected
        guard !parts.isEmpty else {
            return DeltaRun(
                from: parts.from, label: parts.from, to: parts.to, parts: [], estimatedBytes: 0)
        }
        parts.close()
        let last = parts.closed.count - 1
        let frames = parts.closed.enumerated().map { number, part in
            SharedFrame(
                .delta(
                    DeltaPart(
                        from: parts.from, to: number == last ? parts.to : parts.from, part: number,
                        more: number < last, schema: parts.schema, gone: part.gone, new: part.new,
                        put: part.put)))
        }
        return DeltaRun(
            from: parts.from, label: parts.from, to: parts.to, parts: frames,
            estimatedBytes: parts.estimatedBytes)
    }

    /// A delta that says only that nothing changed.
    func emptyDelta(from: Int, to: Int) -> DeltaRun {
        let part = DeltaPart(
            from: from, to: to, part: 0, more: false, schema: topic.schema, gone: [],
            new: RowSet(), put: RowSet())
        return DeltaRun(
            from: from, label: from, to: to, parts: [SharedFrame(.delta(part))],
            estimatedBytes: 64)
    }

    // Snapshots

    /// The snapshot for a newcomer: one that others began lately, or a new one.
    func beginSnapshot(epoch: String, revision: Int, now: Milliseconds) -> SnapshotRun {
        if let latest, latest.at >= topic.floor, latest.epoch == epoch,
            now - latest.begunAt < topic.limits.snapshotShareMilliseconds
        {
            return latest
        }
        let run = SnapshotRun(at: revision, epoch: epoch, begunAt: now)
        latest = run
        runs.append(Reference(run: run))
        return run
    }

    /// A part of a snapshot: the rows as they are now, from a cursor on (R19).
    ///
    /// - Returns: the frame, the next part's cursor, and whether the part was there already.
    func snapshotPart(
        _ part: Int, of run: SnapshotRun, cursor: Int, now: Milliseconds
    ) -> (frame: SharedFrame, nextCursor: Int, shared: Bool) {
        if let cached = run.parts[part], cached.cursor == cursor {
            return (cached.frame, cached.nextCursor, true)
        }
        let rows = topic.rows
        var set = RowSet()
        var slot = cursor
        let end = min(rows.slotCount, cursor + topic.limits.snapshotSlots)
        while slot < end {
            if rows.metas[slot].handle != 0, topic.matches(slot, filter) {
                topic.append(whole: slot, key.projection, to: &set)
                if set.estimatedBytes > topic.limits.frameBytes, set.count > 1 {
                    _ = set.takeLastRow()
                    break
                }
            }
            slot += 1
        }
        let content = SnapshotPart(
            epoch: run.epoch, at: run.at, part: part, schema: topic.schema, rows: set,
            more: slot < rows.slotCount)
        let frame = SharedFrame(.snapshot(content))
        run.parts[part] = SnapshotRun.Part(
            frame: frame, cursor: cursor, nextCursor: slot, madeAt: now)
        return (frame, slot, false)
    }

    /// Lets go of frames that nobody will ask for again: called about once a second.
    func expire(revision: Int, now: Milliseconds) {
        deltas.expire(revision: revision)
        let share = topic.limits.snapshotShareMilliseconds
        // Also of those that nobody joins any more: slow readers would keep all that they were sent.
        runs.removeAll { $0.run == nil }
        for reference in runs { reference.run?.expire(before: now - share) }
        if let latest, now - latest.begunAt >= share { self.latest = nil }
    }
}
