internal import Synchronization
package import WireFormats

/// What the decoder on the ingest thread cannot take; read by the loop. Events are counted by the loop, when they are
/// applied: a batch that finds no room is decoded as well.
package final class IngestCounters: Sendable {
    private let skipped = Atomic<Int>(0)
    private let undecodable = Atomic<Int>(0)

    /// All zero.
    package init() {}

    /// Counts what became of one message.
    package func note(_ outcome: EventOutcome) {
        switch outcome {
        case .decoded(_, _, let refused):
            if refused > 0 { undecodable.add(refused, ordering: .relaxed) }
        case .skipped: skipped.add(1, ordering: .relaxed)
        case .undecodable: undecodable.add(1, ordering: .relaxed)
        }
    }

    /// Messages in another serializer, and events or messages that were none.
    var counts: (skipped: Int, undecodable: Int) {
        (skipped.load(ordering: .relaxed), undecodable.load(ordering: .relaxed))
    }
}
