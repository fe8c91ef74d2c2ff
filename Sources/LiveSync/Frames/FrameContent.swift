/// What one frame to a client says, before it is written as JSON by `WireFormats`.
///
/// Frames are shared by all clients that need the same one; the number of the subscription, which each
/// client chooses, is not part of the content.
package enum FrameContent: Sendable, Equatable {
    /// `sub.reset`
    case reset(ResetNotice)
    /// `sub.snap`
    case snapshot(SnapshotPart)
    /// `sub.delta`
    case delta(DeltaPart)
    /// `view.snap`
    case viewSnapshot(ViewSnapshotPart)
    /// `view.delta`
    case viewDelta(ViewDeltaPart)
}

/// Why a client's rows are void; a snapshot follows, unless the subscription ended (R20).
package enum ResetReason: String, Sendable, Equatable, CaseIterable {
    /// No position was given: the first snapshot. Said in the answer to `sub.open` only.
    case initial
    /// The position is older than the horizon.
    case tooOld = "too_old"
    /// The position belongs to another epoch.
    case epochChanged = "epoch_changed"
    /// The position is newer than anything here.
    case ahead
    /// The changes are more than half of the topic.
    case tooLarge = "too_large"
    /// The client asked for it.
    case resync
    /// The client's role sees other columns now.
    case roleChanged = "role_changed"
    /// The client's role may not read the topic any more; the subscription is closed.
    case forbidden
}

/// `sub.reset`
package struct ResetNotice: Sendable, Equatable {
    /// Why.
    package let reason: ResetReason
    /// The epoch from now on.
    package let epoch: String

    /// Makes a notice.
    package init(reason: ResetReason, epoch: String) {
        self.reason = reason
        self.epoch = epoch
    }
}

/// `sub.snap`: some rows of a whole topic, in columns (R19).
package struct SnapshotPart: Sendable, Equatable {
    /// The epoch of ``at``.
    package let epoch: String
    /// Revision from which the delta after the last part starts.
    package let at: Int
    /// 0, 1, …
    package let part: Int
    /// Names for column numbers.
    package let schema: TopicSchema
    /// The rows.
    package let rows: RowSet
    /// False in the last part; a ``DeltaPart`` follows it at once.
    package let more: Bool

    /// Equal if a client cannot tell them apart.
    package static func == (left: SnapshotPart, right: SnapshotPart) -> Bool {
        left.epoch == right.epoch && left.at == right.at && left.part == right.part
            && left.rows == right.rows && left.more == right.more
    }
}

/// `sub.delta`: what changed from one revision to another (R15-R18).
package struct DeltaPart: Sendable, Equatable {
    /// At most the client's revision.
    package let from: Int
    /// The client's revision afterwards; equals ``from`` while ``more`` is true.
    package let to: Int
    /// 0, 1, …; nearly every delta is one part.
    package let part: Int
    /// True if parts of the same delta follow: the client applies them together.
    package let more: Bool
    /// Names for column numbers.
    package let schema: TopicSchema
    /// Handles to forget.
    package let gone: [Int]
    /// Whole rows, replacing what was known of their handles.
    package let new: RowSet
    /// Changed fields of known rows; ``FieldValue/absent`` removes a field.
    package let put: RowSet

    /// Equal if a client cannot tell them apart.
    package static func == (left: DeltaPart, right: DeltaPart) -> Bool {
        left.from == right.from && left.to == right.to && left.part == right.part
            && left.more == right.more && left.gone == right.gone && left.new == right.new
            && left.put == right.put
    }
}
