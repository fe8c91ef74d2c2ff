internal import LiveSync
internal import Ports
internal import WireFormats

extension HttpDesk {
    private static let eventParameters: Set<String> = [
        "from", "limit", "type", "name", "queue", "worker", "format",
    ]

    /// `GET /api/celery/events`: a page of the event log, oldest first; `from` is the `next` of the page
    /// before.
    func events(_ call: RestCall) -> HttpResponse {
        let log = to.events.log
        let page: EventPage
        do {
            page = try EventPage(query(of: call.request), for: call.grant, log: log)
        } catch let refusal as EventPage.Refusal {
            return problem(400, "Bad request", refusal.reason)
        } catch {
            return problem(400, "Bad request", "this page cannot be")
        }
        var writer = JsonWriter(capacity: 4_096)
        writer.beginObject()
        writer.member("epoch", log.epoch)
        writer.name("items")
        writer.beginArray()
        for (offset, event) in page.events {
            writer.beginArray()
            writer.integer(offset)
            writer.number(event.receivedAt)
            writer.raw(to.events.json(event, offset, page.format, call.isMasked))
            writer.endArray()
        }
        writer.endArray()
        writer.name("gaps")
        writer.beginArray()
        for gap in page.gaps {
            writer.value([
                "from": .integer(Int64(gap.from)), "to": .integer(Int64(gap.to)),
                "lost": gap.lost.map { .integer(Int64($0)) } ?? .null,
                "reason": .string(gap.reason.rawValue),
            ])
        }
        writer.endArray()
        writer.member("next", "\(log.epoch)/\(page.position)")
        writer.member("more", page.position < log.head)
        writer.endObject()
        return HttpResponse(
            status: 200,
            headers: [("content-type", "application/json"), ("cache-control", "no-store")],
            body: writer.bytes)
    }

    private func query(of request: HttpRequest) throws -> [String: String] {
        guard let parameters = queryParameters(request.query) else {
            throw EventPage.Refusal(reason: "the query string is malformed")
        }
        if let unknown = parameters.keys.sorted().first(where: {
            !Self.eventParameters.contains($0)
        }) {
            let names = Self.eventParameters.sorted().joined(separator: ", ")
            throw EventPage.Refusal(
                reason: "unknown parameter \(unknown.prefix(40)); known: \(names)")
        }
        return parameters
    }
}

/// A page of the event log as a query string asks for it.
struct EventPage {
    /// Why there is none.
    struct Refusal: Error {
        let reason: String
    }

    /// Bytes of events in one page at most, and batches read for it.
    private static let bytes = 1 << 20
    private static let reads = 16
    private static let usual = 100

    let format: EventFormat
    private(set) var events: [(offset: Int, event: LoggedEvent)] = []
    private(set) var gaps: [EventGap] = []
    /// Where the next page begins.
    private(set) var position: Int

    init(_ parameters: [String: String], for grant: Grant?, log: EventLog) throws {
        guard let start = EventStart(text: parameters["from"] ?? "oldest") else {
            throw Refusal(reason: "from must be now, oldest, or the next of an earlier page")
        }
        let most = log.limits.batchItems
        guard let limit = Int(parameters["limit"] ?? "\(Self.usual)"), 1...most ~= limit else {
            throw Refusal(reason: "limit must be from 1 to \(most)")
        }
        guard let format = EventFormat(rawValue: parameters["format"] ?? "celeriac") else {
            throw Refusal(reason: "format must be celeriac, celery or cloudevents")
        }
        self.format = format
        func patterns(_ name: String) -> [String] {
            (parameters[name] ?? "").split(separator: ",").map(String.init)
        }
        let filter: EventFilter
        let begin: (position: Int, gap: EventGap?)
        do throws(SyncError) {
            filter = try EventFilter(
                types: patterns("type"), names: patterns("name"), queues: patterns("queue"),
                sources: patterns("worker")
            ).narrowed(names: grant?.tasks, queues: grant?.queues)
            begin = try log.begin(start)
        } catch {
            throw Refusal(reason: error.message)
        }
        position = begin.position
        if let gap = begin.gap { gaps.append(gap) }
        read(log, filter, limit)
    }

    private mutating func read(_ log: EventLog, _ filter: EventFilter, _ limit: Int) {
        var size = 0
        for _ in 0..<Self.reads where events.count < limit && size < Self.bytes {
            let reading = log.read(after: position, filter, items: limit - events.count)
            size += reading.events.reduce(0) { $0 + $1.event.payload.count }
            events += reading.events
            position = reading.scanned
            if let gap = reading.gap {
                gaps.append(gap)
                position = gap.to
            }
            if position >= log.head { return }
        }
    }
}
