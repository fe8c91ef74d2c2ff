/// What must hold from the moment on in which a command is recorded, and is stored with it: whatever
/// happens to workers and gateway, it is asserted again.
package struct DesiredState: Sendable, Equatable {
    /// What must be told to workers that appear later.
    package var revokes: [OpenRevoke]
    /// Likewise, by stamp.
    package var stamps: [OpenStampRevoke]
    /// Messages that are put aside and can be put back.
    package var trash: TrashRecord?

    /// Makes a set.
    package init(
        revokes: [OpenRevoke] = [], stamps: [OpenStampRevoke] = [], trash: TrashRecord? = nil
    ) {
        self.revokes = revokes
        self.stamps = stamps
        self.trash = trash
    }
}
