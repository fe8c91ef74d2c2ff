/// Events that came together, as the log keeps them: what is asked of them is worked out when somebody
/// reads, because most events of a log are never read.
package protocol EventBatch: AnyObject, Sendable {
    /// How many they are.
    var count: Int { get }
    /// What they cost to keep, about: their fields, and their texts as they are and as JSON.
    var bytes: Int { get }
    /// One of them.
    func event(_ number: Int) -> LoggedEvent
    /// The JSON text of one of them.
    func text(of number: Int) -> [UInt8]
}

/// A single event whose text is at hand.
final class SingleEvent: EventBatch {
    private let event: LoggedEvent

    init(_ event: LoggedEvent) {
        self.event = event
    }

    var count: Int { 1 }
    var bytes: Int {
        let texts = event.payload.count + event.type.utf8.count + event.source.utf8.count
        return 256 + texts + (event.subject?.utf8.count ?? 0)
    }
    func event(_ number: Int) -> LoggedEvent { event }
    func text(of number: Int) -> [UInt8] { event.payload }
}
