/// What kind of frame it is, to be counted by.
package enum FrameKind: String, Sendable, CaseIterable {
    case reset, snapshot, delta
    case viewSnapshot = "view_snapshot"
    case viewDelta = "view_delta"
}
