/// What the engine has done since it was made (protocol 2.16). Numbers only grow.
package struct SyncCounters: Sendable, Equatable {
    /// Commits that changed something.
    package var commits = 0
    /// Fields that changed.
    package var fieldsChanged = 0
    /// Rows refused because their topic is full or their id too long.
    package var rowsRefused = 0
    /// Fields refused because their row would not fit a frame.
    package var fieldsRefused = 0
    /// Frames handed out.
    package var frames = 0
    /// Deltas and snapshot parts that were computed.
    package var computed = 0
    /// Deltas and snapshot parts that were there already.
    package var shared = 0
    /// Reset notices by reason.
    package var resets: [ResetReason: Int] = [:]

    /// All zero.
    package init() {}
}
