internal import LiveSync
internal import Ports

/// What the sessions count since the start (protocol 2.16).
struct SessionMeters {
    /// What becomes of a handshake that the gateway is asked about.
    enum Handshake: String, CaseIterable {
        case accepted, path, draining, overload, query, origin, subprotocol
    }

    /// Kinds of frames beside those of rows.
    enum Beside: String, CaseIterable {
        /// Batches of the event log, and gaps in it.
        case events
        /// Answers, heartbeats and goodbyes.
        case session
    }

    /// Frames of one kind, and their bytes before compression.
    struct Sent {
        var frames = 0
        var bytes = 0
    }

    private(set) var handshakes: [Handshake: Int] = [:]
    private(set) var closes: [UInt16: Int] = [:]
    private(set) var rows = Array(repeating: Sent(), count: FrameKind.allCases.count)
    private(set) var beside = Array(repeating: Sent(), count: Beside.allCases.count)
    /// Revisions that the deltas led through.
    private(set) var deltaRevisions = 0
    private(set) var lag: [Role: (seconds: LagHistogram, revisions: LagHistogram)] = [:]
    private var commits = CommitTimes()

    /// Close codes that are told apart: the protocol's; the others are one.
    private static let codes: Set<UInt16> = [
        1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1011, 4400, 4401, 4403, 4406, 4408, 4409,
        4413, 4429, 4500,
    ]
    /// All other close codes.
    static let otherCode: UInt16 = 0

    /// Counts a handshake.
    mutating func note(_ handshake: Handshake) { handshakes[handshake, default: 0] += 1 }

    /// Counts an end.
    mutating func closed(_ code: UInt16) {
        closes[Self.codes.contains(code) ? code : Self.otherCode, default: 0] += 1
    }

    /// A revision is there to be told.
    mutating func committed(_ revision: Int, at now: Milliseconds) {
        commits.note(revision, at: now)
    }

    /// Counts a frame of no rows.
    mutating func sent(_ kind: Beside, frames: Int, bytes: Int) {
        let place = kind == .events ? 0 : 1
        beside[place].frames += frames
        beside[place].bytes += bytes
    }

    /// Counts a frame of rows, and how late it comes if it is a delta.
    mutating func sent(
        _ frame: LiveSync.SharedFrame, bytes: Int, to role: Role, now: Milliseconds
    ) {
        rows[frame.kind.place].frames += 1
        rows[frame.kind.place].bytes += bytes
        guard let span = frame.span else { return }
        deltaRevisions += span.to - span.from
        guard let at = commits.first(after: span.from) else { return }
        lag[
            role,
            default: (LagHistogram(LagHistogram.seconds), LagHistogram(LagHistogram.revisions))
        ].seconds.note(Double(now - at) / 1_000)
        lag[role]?.revisions.note(Double(span.to - span.from))
    }
}

extension FrameKind {
    /// Its place among all.
    fileprivate var place: Int {
        switch self {
        case .reset: 0
        case .snapshot: 1
        case .delta: 2
        case .viewSnapshot: 3
        case .viewDelta: 4
        }
    }
}
