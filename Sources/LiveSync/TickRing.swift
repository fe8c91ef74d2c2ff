internal import DequeModule

/// The revisions of the latest commits, to answer clients at nearly the same place with the same delta:
/// a delta may start at any earlier commit, so it starts a power of two commits back (R18).
struct TickRing {
    private let limit: Int
    private var revisions = Deque<Int>()

    init(limit: Int, first: Int) {
        self.limit = limit
        revisions.append(first)
    }

    /// A commit led to this revision.
    mutating func append(_ revision: Int) {
        revisions.append(revision)
        if revisions.count > limit { revisions.removeFirst() }
    }

    /// The revision that a delta for a client at `revision` starts from: at most that, not below the floor.
    func bucket(for revision: Int, floor: Int) -> Int {
        let own = count(through: revision) - 1
        let distance = revisions.count - 1 - own
        guard own >= 0, distance > 1 else { return revision }
        let back = 1 << (Int.bitWidth - (distance - 1).leadingZeroBitCount)
        let place = max(revisions.count - 1 - back, count(through: floor - 1))
        return place <= own ? revisions[place] : revision
    }

    /// Commits that led to at most a revision.
    private func count(through revision: Int) -> Int {
        var low = 0
        var high = revisions.count
        while low < high {
            let middle = (low + high) / 2
            if revisions[middle] <= revision { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
