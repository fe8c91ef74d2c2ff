/// Messages that a purge has put aside: they are in the broker, under keys that have its id.
package struct TrashRecord: Sendable, Equatable {
    /// The purge's ``CommandRecord/id``.
    package var id: String
    /// The queue they were taken from.
    package var queue: String
    /// The ``Principal/name`` of who purged it.
    package var by: String
    /// When, unix seconds.
    package var at: Double
    /// When the broker throws them away, unix seconds.
    package var expiresAt: Double
    /// Messages that were removed, by priority step; `nil` until the broker has told.
    package var counts: [Int]?
    /// Those of them that are still there, likewise.
    package var left: [Int]?

    /// Makes a row.
    package init(
        id: String, queue: String, by: String, at: Double, expiresAt: Double,
        counts: [Int]? = nil, left: [Int]? = nil
    ) {
        self.id = id
        self.queue = queue
        self.by = by
        self.at = at
        self.expiresAt = expiresAt
        self.counts = counts
        self.left = left
    }

    /// Whether the broker has told that the messages are there.
    package var isKnown: Bool { counts != nil }
}
