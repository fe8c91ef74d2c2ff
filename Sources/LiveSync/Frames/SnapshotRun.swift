/// One fuzzy snapshot of a query: the revision it counts from, and the parts that were made lately (R19).
///
/// The rows in a part are those of the moment it was made; the delta from `at` that follows the last part
/// puts right whatever changed in between.
final class SnapshotRun {
    /// A part that others may be sent too.
    struct Part {
        let frame: SharedFrame
        let cursor: Int
        let nextCursor: Int
        let madeAt: Milliseconds
    }

    let at: Int
    let epoch: String
    let begunAt: Milliseconds
    var parts: [Int: Part] = [:]

    init(at: Int, epoch: String, begunAt: Milliseconds) {
        self.at = at
        self.epoch = epoch
        self.begunAt = begunAt
    }

    /// Forgets parts made before a moment; a client that still needs one gets a newer one.
    func expire(before moment: Milliseconds) {
        parts = parts.filter { $0.value.madeAt >= moment }
    }
}
