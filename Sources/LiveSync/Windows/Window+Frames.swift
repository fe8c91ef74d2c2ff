/// All parts of a window's rows at one revision, shared by those who open it at that moment.
final class WindowRun {
    let at: Int
    let parts: [SharedFrame]

    init(at: Int, parts: [SharedFrame]) {
        self.at = at
        self.parts = parts
    }
}

extension Window {
    /// The window as it is at the revision it was last refreshed for.
    func snapshot() -> WindowRun {
        if let snapshotRun, snapshotRun.at == computedAt { return snapshotRun }
        var sets: [RowSet] = []
        var set = RowSet()
        for entry in entries where isThere(entry) {
            topic.append(whole: entry.slot, key.projection, to: &set)
            guard set.estimatedBytes > topic.limits.frameBytes, set.count > 1 else { continue }
            let row = set.takeLastRow()
            sets.append(set)
            set = row
        }
        sets.append(set)
        let frames = sets.enumerated().map { number, rows in
            SharedFrame(
                .viewSnapshot(
                    ViewSnapshotPart(
                        at: computedAt, part: number, schema: topic.schema, rows: rows,
                        more: number < sets.count - 1, total: .exact(total), before: before,
                        next: next)))
        }
        let run = WindowRun(at: computedAt, parts: frames)
        snapshotRun = run
        return run
    }

    /// The revision to start a delta from, for a client at `asked`; see ``DeltaCache``.
    ///
    /// No older than the window itself: what it was before, it does not know.
    func start(asked: Int, bucket: Int) -> Int {
        let shared = max(bucket, min(openedAt, asked))
        return deltas.start(asked: asked, bucket: shared, to: computedAt)
    }

    /// What changed since a revision; no parts if nothing that a client sees.
    func delta(from: Int, label: Int) -> (run: DeltaRun, shared: Bool) {
        deltas.delta(from: from, label: label, to: computedAt) { computeDelta(from: from) }
    }

    private func computeDelta(from: Int) -> DeltaRun {
        guard changedAt > from else {
            return DeltaRun(
                from: from, label: from, to: computedAt, parts: [], estimatedBytes: 0)
        }
        var parts = DeltaParts(
            from: from, to: computedAt, schema: topic.schema, frameBytes: topic.limits.frameBytes)
        var left: [Int] = []
        var back: [Int] = []
        for entry in entries {
            if entry.leftAt > from {
                if entry.hasLeft { left.append(entry.handle) } else { back.append(entry.handle) }
            }
            guard isThere(entry) else { continue }
            // A row that a rule hid has changed unseen, and may never have been seen; it may be back for the
            // rule, and not for the filter.
            if entry.enteredAt > from || entry.shownAt > from {
                parts.addNew { topic.append(whole: entry.slot, key.projection, to: &$0) }
            } else if topic.rows.lastChange(entry.slot) > from {
                parts.addPut {
                    topic.append(changesOf: entry.slot, since: from, key.projection, to: &$0)
                }
            }
        }
        parts.close()
        let order = key.mode == .follow && orderChangedAt > from ? entries.map(\.handle) : nil
        let last = parts.closed.count - 1
        let frames = parts.closed.enumerated().map { number, part in
            let isLast = number == last
            return SharedFrame(
                .viewDelta(
                    ViewDeltaPart(
                        from: from, to: isLast ? computedAt : from, part: number, more: !isLast,
                        schema: topic.schema, new: part.new, put: part.put,
                        left: isLast ? left : [], back: isLast ? back : [],
                        order: isLast ? order : nil, total: .exact(total), before: before)))
        }
        return DeltaRun(
            from: from, label: from, to: computedAt, parts: frames,
            estimatedBytes: parts.estimatedBytes)
    }

    /// Whether an entry's row is still there, and may be shown: one that has left by a rule tells no more.
    private func isThere(_ entry: Entry) -> Bool {
        topic.rows.metas[entry.slot].handle == entry.handle && topic.matches(entry.slot, shown)
    }
}

extension Window {
    /// True if a client of the other window sees the same in this one, now and later.
    func isSame(as other: Window) -> Bool {
        front == other.front && !entries.contains(where: \.hasLeft)
            && entries.elementsEqual(other.entries) { $0.handle == $1.handle }
    }

    /// Lets go of frames that nobody will ask for again.
    func expire(revision: Int) {
        deltas.expire(revision: revision)
        if let snapshotRun, snapshotRun.at < revision { self.snapshotRun = nil }
    }
}
