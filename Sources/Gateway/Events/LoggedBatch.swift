internal import Fleet
internal import LiveSync
internal import Synchronization
internal import WireFormats

/// Events that came together, in the log. What filters look at, and the texts, are worked out when
/// somebody reads them and then kept for the next reader: doing it for every event would cost more than
/// all the rest that is done with it.
final class LoggedBatch: EventBatch {
    /// What filters look at.
    private struct Head: Sendable {
        let type: String
        let source: String
        let subject: String?
        let name: String?
        let queue: String?
        let happenedAt: Double
    }

    private struct Written: Sendable {
        /// Of all events, once one was asked for.
        var heads: [Head] = []
        /// Texts by number.
        var texts: [Int: [UInt8]] = [:]
    }

    private let events: [CeleryEvent]
    private let routes: [AppliedBatch.Route]
    private let receivedAt: Double
    private let textLimit: Int
    let bytes: Int
    private let written = Mutex(Written())

    /// - Parameters:
    ///   - routes: what is known of each event's task.
    ///   - wireBytes: of the messages that the events came in.
    ///   - textLimit: bytes of one text at most.
    init(
        _ events: [CeleryEvent], _ routes: [AppliedBatch.Route], wireBytes: Int,
        receivedAt: Double, textLimit: Int
    ) {
        self.events = events
        self.routes = routes
        self.receivedAt = receivedAt
        self.textLimit = textLimit
        // The message holds each text once, in base64; here it is a string, and JSON if it is read.
        let fields = MemoryLayout<CeleryEvent>.stride + MemoryLayout<AppliedBatch.Route>.stride
        bytes = events.count * (fields + 256) + wireBytes * 3 / 2
    }

    var count: Int { events.count }

    func event(_ number: Int) -> LoggedEvent {
        let head = written.withLock { written in
            if written.heads.isEmpty { written.heads = zip(events, routes).map(Self.head) }
            return written.heads[number]
        }
        return LoggedEvent(
            type: head.type, source: head.source, subject: head.subject, name: head.name,
            queue: head.queue, receivedAt: receivedAt, happenedAt: head.happenedAt, of: self,
            number: number)
    }

    func text(of number: Int) -> [UInt8] {
        written.withLock { written in
            if let text = written.texts[number] { return text }
            let text = EventWriter.json(events[number], limit: textLimit)
            written.texts[number] = text
            return text
        }
    }

    private static func head(_ event: CeleryEvent, _ route: AppliedBatch.Route) -> Head {
        switch event {
        case .task(let task):
            Head(
                type: EventWriter.type(of: event), source: task.origin.hostname,
                subject: task.uuid, name: route.name ?? task.name, queue: route.queue ?? task.queue,
                happenedAt: task.origin.timestamp)
        case .worker(let worker):
            Head(
                type: EventWriter.type(of: event), source: worker.origin.hostname, subject: nil,
                name: nil, queue: nil, happenedAt: worker.origin.timestamp)
        }
    }
}
