import Fleet
import LiveSync
import Testing
import WireFormats

/// Frames of events are at most 64 KiB, as all frames of the gateway are (2.14).
@Suite struct EventFrameSizeTests {
    private static let kinds = EventFormat.allCases.flatMap { format in
        [false, true].map { (format, $0) }
    }

    /// An event with such texts in all its names and fields.
    private func event(_ text: String) -> LoggedEvent {
        var task = TaskEvent(
            .received, uuid: text, origin: EventOrigin(hostname: text, timestamp: 1_764_000_001.25))
        (task.name, task.args, task.kwargs, task.result) = (text, text, text, text)
        (task.exception, task.traceback) = (text, text)
        return LoggedEvent(
            type: text, source: text, subject: text, name: text, queue: text,
            receivedAt: 1_764_000_001.1234567, happenedAt: 253_402_300_799.123,
            payload: EventWriter.json(.task(task), limit: 40 << 10))
    }

    @Test(arguments: kinds)
    func `an event takes no more than it is counted for`(format: EventFormat, isMasked: Bool) {
        let last = EventPosition(epoch: String(repeating: "e", count: 64), offset: (1 << 53) - 1)
        for text in ["", "a", "\"\\\u{1}\u{7F}", "ä€😀", String(repeating: "\u{1}", count: 512)] {
            let event = event(text)
            let json = EventForm.json(event, at: last, format: format, isMasked: isMasked)
            let items = [(offset: last.offset, receivedAt: event.receivedAt, json: json)]
            let frames = [items, items + items].map {
                ServerFrame.eventBatch($0, scanned: last.offset, subscription: 1).count
            }

            #expect(frames[1] - frames[0] <= event.frameBytes(as: format, isMasked: isMasked))
        }
    }

    @Test(arguments: kinds)
    func `a batch of as many events as may be asked for fits a frame`(
        format: EventFormat, isMasked: Bool
    ) throws {
        var log = EventLog(epoch: "k3V9")
        for number in 0..<2_000 { log.append(event(number % 3 == 0 ? "" : "b#\(number)"), at: 0) }
        let request = EventRequest(
            subscription: 1, start: .oldest, format: format, batch: log.limits.batchItems)
        var reader = try EventReader(request, of: log)

        guard case .batch(let reading, _) = reader.next(of: log, now: 0, isMasked: isMasked) else {
            Issue.record("no batch")
            return
        }
        let items = reading.events.map { offset, event in
            let place = EventPosition(epoch: log.epoch, offset: offset)
            return (
                offset: offset, receivedAt: event.receivedAt,
                json: EventForm.json(event, at: place, format: format, isMasked: isMasked)
            )
        }
        let frame = ServerFrame.eventBatch(items, scanned: reading.scanned, subscription: 1)

        #expect(frame.count <= 65_536)
        #expect(reading.events.count > 50 && reading.hasMore)
    }

    @Test(arguments: kinds)
    func `the largest event is a frame by itself`(format: EventFormat, isMasked: Bool) {
        let name = String(repeating: "\u{1}", count: 512)
        var task = TaskEvent(
            .failed, uuid: name, origin: EventOrigin(hostname: name, timestamp: 1))
        task.traceback = String(repeating: "x", count: 30 << 10)
        let event = LoggedEvent(
            type: name, source: name, subject: name, name: name, queue: name, receivedAt: 1,
            happenedAt: 1, payload: EventWriter.json(.task(task), limit: 40 << 10))

        #expect(event.payload.count > 36 << 10)
        #expect(event.frameBytes(as: format, isMasked: isMasked) + 128 <= 65_536)
    }
}
