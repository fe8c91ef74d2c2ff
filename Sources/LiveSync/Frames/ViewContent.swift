/// How many rows match a window's filter (R24).
package enum WindowTotal: Sendable, Equatable {
    /// Exactly so many.
    case exact(Int)
    /// About so many.
    case approximately(Int)
}

/// `view.snap`: the rows of a window in its order. Usually one part; many long rows take several.
package struct ViewSnapshotPart: Sendable, Equatable {
    /// The client's revision after the last part.
    package let at: Int
    /// 0, 1, …
    package let part: Int
    /// Names for column numbers.
    package let schema: TopicSchema
    /// Some rows, in the window's order.
    package let rows: RowSet
    /// False in the last part.
    package let more: Bool
    /// Rows that match.
    package let total: WindowTotal
    /// Matching rows in front of the window.
    package let before: Int
    /// Where the next window starts; `nil` if this is the last.
    package let next: SortBound?

    /// Equal if a client cannot tell them apart.
    package static func == (left: ViewSnapshotPart, right: ViewSnapshotPart) -> Bool {
        left.at == right.at && left.part == right.part && left.rows == right.rows
            && left.more == right.more && left.total == right.total && left.before == right.before
            && left.next == right.next
    }
}

/// `view.delta`: what changed in a window.
package struct ViewDeltaPart: Sendable, Equatable {
    /// At most the client's revision.
    package let from: Int
    /// The client's revision afterwards; equals ``from`` while ``more`` is true.
    package let to: Int
    /// 0, 1, …
    package let part: Int
    /// True if parts of the same delta follow.
    package let more: Bool
    /// Names for column numbers.
    package let schema: TopicSchema
    /// Rows that came into the window, whole; in `pinned` those that are back and had left by a rule
    /// (``RowRule``), of which nothing was told meanwhile.
    package let new: RowSet
    /// Changed fields of the window's other rows.
    package let put: RowSet
    /// Rows that do not match any more, or are no longer kept. `pinned` only.
    package let left: [Int]
    /// Rows that had left and match again. `pinned` only.
    package let back: [Int]
    /// All handles in order, if it changed; rows not named are dropped. `follow` only.
    package let order: [Int]?
    /// Rows that match.
    package let total: WindowTotal
    /// Matching rows in front of the window: in a pinned one, the newcomers.
    package let before: Int

    /// Equal if a client cannot tell them apart.
    package static func == (a: ViewDeltaPart, b: ViewDeltaPart) -> Bool {
        a.from == b.from && a.to == b.to && a.part == b.part && a.more == b.more && a.new == b.new
            && a.put == b.put && a.left == b.left && a.back == b.back && a.order == b.order
            && a.total == b.total && a.before == b.before
    }
}
