internal import Synchronization
package import WireFormats

/// What the decoder on the ingest thread meets; read by the loop.
package final class IngestCounters: Sendable {
    private let events = Atomic<Int>(0)
    private let skipped = Atomic<Int>(0)
    private let undecodable = Atomic<Int>(0)

    /// All zero.
    package init() {}

    /// Counts what became of one message.
    package func note(_ outcome: EventOutcome) {
        switch outcome {
        case .decoded(let count, _, let refused):
            events.add(count, ordering: .relaxed)
            if refused > 0 { undecodable.add(refused, ordering: .relaxed) }
        case .skipped: skipped.add(1, ordering: .relaxed)
        case .undecodable: undecodable.add(1, ordering: .relaxed)
        }
    }

    /// Events decoded, messages in another serializer, and events or messages that were none.
    var counts: (events: Int, skipped: Int, undecodable: Int) {
        (
            events.load(ordering: .relaxed), skipped.load(ordering: .relaxed),
            undecodable.load(ordering: .relaxed)
        )
    }
}
