internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

/// Keeps the event log and writes its frames. Frames that several readers want are written once.
@LoopActor
final class EventDesk {
    private(set) var log: EventLog
    /// Frames since the log last grew, by what is in them.
    private var shared: [FrameKey: Ports.SharedFrame] = [:]

    private struct FrameKey: Hashable {
        let subscription: Int
        let from: Int
        let scanned: Int
        let filter: EventFilter
        let format: EventFormat
        let isMasked: Bool
        let items: Int
    }

    /// Frames kept for others at most.
    private static let sharedFrames = 256

    init(epoch: String, bytes: Int) {
        var limits = EventLimits()
        limits.bytes = bytes
        log = EventLog(epoch: epoch, limits: limits)
    }

    private var now: Milliseconds { Milliseconds(EventLoop.shared.milliseconds) }

    /// Under load: readers are told once a second, unless a batch is full (R48).
    var slowsDown: Bool {
        get { log.slowsDown }
        set { log.slowsDown = newValue }
    }

    /// Takes what came from the broker.
    ///
    /// - Parameters:
    ///   - routes: what the fleet knows of each event's task.
    ///   - wireBytes: of the messages that the events came in.
    ///   - receivedAt: unix seconds.
    func take(
        _ events: [CeleryEvent], _ routes: [AppliedBatch.Route], wireBytes: Int, receivedAt: Double
    ) {
        guard !events.isEmpty else { return }
        shared.removeAll(keepingCapacity: true)
        log.append(
            LoggedBatch(
                events, routes, wireBytes: wireBytes, receivedAt: receivedAt,
                textLimit: log.limits.payloadBytes), at: now)
    }

    /// Notes that events did not reach us.
    func lose(_ count: Int?) {
        shared.removeAll(keepingCapacity: true)
        log.lose(count, at: now)
    }

    /// Lets go of what is too old; about once a second.
    func tick() {
        log.trim(now: now)
    }

    // MARK: - Reading

    /// A reader's next frame, if something is due.
    func next(
        for reader: inout EventReader, isMasked: Bool, now: Milliseconds
    ) -> Ports.SharedFrame? {
        guard let outgoing = reader.next(of: log, now: now, isMasked: isMasked)
        else { return nil }
        let frame = frame(outgoing, reader.request, isMasked)
        reader.sent(bytes: frame.bytes.count, now: now)
        return frame
    }

    private func frame(
        _ outgoing: EventReader.Outgoing, _ request: EventRequest, _ isMasked: Bool
    ) -> Ports.SharedFrame {
        switch outgoing {
        case .gap(let gap):
            return Ports.SharedFrame(
                text: ServerFrame.eventGap(
                    gap, epoch: log.epoch, subscription: request.subscription))
        case .batch(let reading, let from):
            let key = FrameKey(
                subscription: request.subscription, from: from, scanned: reading.scanned,
                filter: request.filter, format: request.format, isMasked: isMasked,
                items: reading.events.count)
            if let frame = shared[key] { return frame }
            let items = reading.events.map { offset, event in
                (offset, event.receivedAt, json(event, offset, request.format, isMasked))
            }
            let frame = Ports.SharedFrame(
                text: ServerFrame.eventBatch(
                    items, scanned: reading.scanned, subscription: request.subscription),
                isCompressible: true)
            if shared.count >= Self.sharedFrames { shared.removeAll(keepingCapacity: true) }
            shared[key] = frame
            return frame
        }
    }

    /// One event as a role sees it.
    func json(
        _ event: LoggedEvent, _ offset: Int, _ format: EventFormat, _ isMasked: Bool
    ) -> [UInt8] {
        EventForm.json(
            event, at: EventPosition(epoch: log.epoch, offset: offset), format: format,
            isMasked: isMasked)
    }
}
