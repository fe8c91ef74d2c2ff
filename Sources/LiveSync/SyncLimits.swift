/// A moment or a span in milliseconds of one monotonic clock, chosen by the caller.
package typealias Milliseconds = Int64

/// Every bound of the sync engine in one place (protocol R14, R19-R26, R44-R47).
package struct SyncLimits: Sendable, Equatable {
    /// Estimated bytes of one frame's rows; the envelope needs less than the rest of 64 KiB.
    package var frameBytes = 60 * 1024
    /// Encoded bytes of one row; a field that would push its row beyond becomes absent.
    package var rowBytes = 48 * 1024
    /// Rows in one whole topic; further rows are refused and counted.
    package var wholeTopicRows = 50_000
    /// Rows in one windowed topic.
    package var windowTopicRows = 1_000_000
    /// Tombstones kept by one whole topic (R20).
    package var tombstones = 200_000
    /// How far back a client may resume (R20).
    package var horizonMilliseconds: Milliseconds = 600_000
    /// Commits remembered for bucketing `from` (R18).
    package var ticks = 32_768
    /// Snapshot parts are shared with newcomers for this long (R19).
    package var snapshotShareMilliseconds: Milliseconds = 2_000
    /// A delta of more bytes than this, and more than half of its topic, becomes a reset (R20).
    package var resetFloorBytes = 64 * 1024
    /// Subscriptions and windows of one session (protocol 2.14).
    package var subscriptionsPerSession = 32
    /// Windows of one session (R26).
    package var windowsPerSession = 8
    /// Distinct windows of one engine (R26).
    package var windows = 2_000
    /// Distinct filters over whole topics that live at a time.
    package var queries = 4_096
    /// Rows of one window (R22).
    package var windowRows = 200
    /// Moves of one session's windows in a second (R26).
    package var windowMovesPerSecond = 5
    /// Values in one `in` clause.
    package var filterValues = 200
    /// Clauses of one filter.
    package var filterClauses = 16
    /// Bytes of one filter value.
    package var filterValueBytes = 1_024
    /// Clauses of one query's filter (R27).
    package var queryClauses = 32
    /// How deep the clauses of a query's filter may be nested.
    package var queryDepth = 6
    /// Unacknowledged deltas of one subscription (R45).
    package var unackedFrames = 2
    /// Unacknowledged bytes of one subscription (R45).
    package var unackedBytes = 256 * 1024
    /// Data outstanding without an acknowledgement for this long makes a client slow (R45).
    package var ackTimeoutMilliseconds: Milliseconds = 10_000
    /// Highest frame rate a client may ask for (R47): as many deltas as it may acknowledge one by one, ten
    /// for free and twenty as messages (2.14).
    package var frequency = 30.0
    /// Frame rate of a client that asks for none (R47).
    package var defaultFrequency = 4.0
    /// A delta that is late by at most this, and by at most half its interval, counts as sent in time: the
    /// next one is not moved. Long, because clients that are moved together stay together, and are then
    /// told in one long turn, again and again.
    package var lateMilliseconds: Milliseconds = 500
    /// An order that no window uses is kept for this long.
    package var orderMilliseconds: Milliseconds = 60_000
    /// Changes of group, key or existence remembered for the windows of one order.
    package var touches = 32_768
    /// Slots looked at for one part of a snapshot, so that one turn stays short.
    package var snapshotSlots = 20_000

    /// The limits of the protocol.
    package init() {}
}
