package import Fleet
import Synchronization

/// An event decoder that may be held by several threads, such as in a `@Sendable` closure.
///
/// One thread uses it at a time in fact, so the lock is never waited for.
package final class SharedEventDecoder: Sendable {
    private let decoder: Mutex<EventDecoder>

    /// Makes a decoder; see `EventDecoder.init`.
    package init(redactor: Redactor = .standard) {
        decoder = Mutex(EventDecoder(redactor: redactor))
    }

    /// Decodes one message; see `EventDecoder.decode`.
    package func decode(
        _ payload: Span<UInt8>, into events: inout [CeleryEvent]
    ) -> EventOutcome {
        decoder.withLock { $0.decode(payload, into: &events) }
    }
}
