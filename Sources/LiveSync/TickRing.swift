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
        // The last commit at or before the client's revision.
        var low = 0
        var high = revisions.count
        while low < high {
            let middle = (low + high) / 2
            if revisions[middle] <= revision { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return revision }
        let distance = revisions.count - low
        guard distance > 1 else { return revision }
        let back = 1 << (Int.bitWidth - (distance - 1).leadingZeroBitCount)
        let place = revisions.count - 1 - back
        guard place >= 0, revisions[place] >= floor else { return revision }
        return min(revisions[place], revision)
    }
}
