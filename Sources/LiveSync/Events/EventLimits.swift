/// Every bound of the event log (protocol R31-R37).
package struct EventLimits: Sendable, Equatable {
    /// Events and losses kept.
    package var entries = 200_000
    /// Events that are let go together: so many fewer may be kept than the limits allow.
    package var pieceEvents = 256
    /// Bytes kept, as ``EventBatch/bytes`` counts them (R35).
    package var bytes = 64 << 20
    /// How long an entry is kept (R35).
    package var ageMilliseconds: Milliseconds = 600_000
    /// Encoded bytes of one event.
    package var payloadBytes = 40 << 10
    /// Bytes of the events in one batch as they are written there; what is around them needs less than the
    /// rest of 64 KiB (2.14). One event may go beyond it: with all its names it is below that, too.
    package var batchBytes = 60 << 10
    /// Events in one batch, and as many as a reader gets that asks for no number.
    package var batchItems = 1_000
    package var usualBatchItems = 256
    /// Entries looked at for one batch, so that one turn stays short.
    package var scan = 4_096
    /// Event subscriptions of one session.
    package var readersPerSession = 4
    /// Patterns of one kind in a filter, and bytes of each.
    package var patterns = 32
    package var patternBytes = 512
    /// Batches a second at most: what came meanwhile leaves together (R47).
    package var frequency = 20.0
    /// The same while the gateway cannot keep up (R48).
    package var slowFrequency = 1.0
    /// A reader whose filter lets nothing through is told this often how far the log was read (R32).
    package var bookmarkMilliseconds: Milliseconds = 5_000
    /// So many gaps by ``EventGapReason/overflow`` in such a time make a reader slow (R36).
    package var overflows = 3
    package var overflowMilliseconds: Milliseconds = 60_000

    /// The limits of the protocol.
    package init() {}
}
