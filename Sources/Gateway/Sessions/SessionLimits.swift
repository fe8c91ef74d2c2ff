/// Bounds of sessions (protocol R4, R8, R49, R57 and 2.14).
enum SessionLimits {
    /// Bytes of the first frame.
    static let firstFrame = 8 << 10
    /// Messages, and their bytes, that may come before `session.start` is answered.
    static let heldFrames = 8
    static let heldBytes = 16 << 10
    /// Bytes of any later frame; a viewer's is smaller.
    static let frame = 64 << 10
    static let viewerFrame = 16 << 10
    /// Sessions that are told in one second of another state of the ingest, or of another level of
    /// overload; fewer while there is one.
    static let toldPerSecond = 5_000
    static let toldPerSecondInOverload = 500
    /// Queries that run at a time, over all sessions; each session has one.
    static let queries = 8
    /// Milliseconds of the loop that a query may take in all, and in one turn (R27).
    static let queryBudget = 20.0
    static let querySlice = 2.0
    /// Rows that a query looks at between two looks at the clock.
    static let queryRows = 128
    /// Bytes from which on what is due for a session goes out in another write.
    static let writeBytes = 64 << 10
    /// Milliseconds after which a session is looked at again whose socket took nothing and is silent.
    static let stuckMilliseconds: Int64 = 1_000
    /// Frames of events that one session gets in one turn.
    static let eventFrames = 8
    /// Milliseconds until the first frame must have come.
    static let startMilliseconds: Int64 = 5_000
    /// Requests that may be unanswered.
    static let inFlight = 32
    /// Messages a second, and how many may come at once; acknowledgements count a tenth.
    static let rate: Double = 20
    static let burst: Double = 60
    static let acknowledgementRate: Double = 10
    /// Frames a second of a wall's subscription at most (R28).
    static let wallRate: Double = 1
    /// Warnings before a session that asks too much is closed, and how long each of them counts.
    static let warnings = 3
    static let warningMilliseconds: Int64 = 60_000
    /// Milliseconds without a frame of ours until a heartbeat, and without one of theirs until the end: up to
    /// a second more until the next look at the sessions, and two for an answer to the close frame, so that
    /// everything of a client that is gone is gone after 25 s (F12).
    static let heartbeatMilliseconds: Int64 = 15_000
    static let silenceMilliseconds: Int64 = 22_000
    /// Sessions that one principal may have, if no setting says otherwise.
    static let connections = 10
    /// Milliseconds after which one that had too many may try again.
    static let fullMilliseconds = 10_000
    /// Milliseconds between two checks of a live session's rights (R6: within 5 s).
    static let rightsMilliseconds: Int64 = 2_000
    /// Sessions that leave per second at a shutdown, and the longest they may take (R57): 10,000 leave in
    /// 31 s at a rate that still is below 400/s where their waits bring them back together, and
    /// whoever does not answer the close frame is cut in time for the process to end within 40 s.
    static let drainPerSecond = 330
    static let drainMilliseconds: Int64 = 37_000
    /// Milliseconds after which clients come back at the earliest, and over which many of them are spread
    /// beyond that.
    static let drainWaitMilliseconds = 500
    static let drainSpreadMilliseconds = 4_500
    /// Milliseconds between two ticks at least; the first change after quiet makes one at once, and the
    /// first of a quiet topic waits no longer than this (R47).
    static let tickMilliseconds: Int64 = 10
    /// Share of the time that ticks may take: beyond it they move apart.
    static let tickShare = 0.5
}
