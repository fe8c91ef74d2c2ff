package import Fleet

/// Turns messages from the event channels into events. This is the hot path: a microsecond each.
///
/// Takes an object or a list of objects (Celery's `task.multi`). Any bytes are taken: what is no
/// event is counted, and no input can trap or cost more than its length. Times stand as they were
/// sent: `utcoffset` is kept but not applied. Not shared between threads; see `SharedEventDecoder`.
package struct EventDecoder {
    private let scratch = ScratchBytes()
    private var builder: EventBuilder

    /// Makes a decoder.
    ///
    /// - Parameter redactor: takes secrets out of users' texts, before anything keeps them.
    package init(redactor: Redactor = .standard) {
        builder = EventBuilder(redactor)
    }

    /// Decodes one message.
    ///
    /// - Parameters:
    ///   - payload: a kombu envelope, as published.
    ///   - events: gets the events, in order, at the end.
    package mutating func decode(
        _ payload: Span<UInt8>, into events: inout [CeleryEvent]
    ) -> EventOutcome {
        guard payload.count <= CeleryLimits.maxPayloadBytes else {
            return .undecodable("longer than \(CeleryLimits.maxPayloadBytes) bytes")
        }
        do throws(JsonError) {
            let scratch = scratch
            let refusal = try JsonScanner.scan(payload, maxDepth: CeleryLimits.maxDepth) {
                (scanner) throws(JsonError) -> EventOutcome? in
                try EventDecoder.openEnvelope(&scanner, scratch)
            }
            if let refusal { return refusal }
        } catch {
            return .undecodable("the envelope is not JSON: \(error)")
        }
        return decodeBody(into: &events)
    }

    /// Leaves the body in `scratch`, or says why there is none.
    @inline(__always)
    private static func openEnvelope(
        _ scanner: inout JsonScanner, _ scratch: ScratchBytes
    ) throws(JsonError) -> EventOutcome? {
        let envelope = try EnvelopeScan.scan(&scanner, scratch)
        try scanner.finish()
        guard envelope.contentType.isString else { return .undecodable("no content type") }
        guard scanner.matches(envelope.contentType, "application/json") else {
            let type = try scanner.text(envelope.contentType, limit: CeleryLimits.maxNameBytes)
            return .skipped(contentType: type)
        }
        guard !envelope.compression.isValue else {
            return .skipped(contentType: "application/json, compressed")
        }
        guard let reason = try envelope.resolveBody(scanner, scratch) else { return nil }
        return .undecodable("\(reason)")
    }

    private mutating func decodeBody(into events: inout [CeleryEvent]) -> EventOutcome {
        let scratch = scratch
        let before = events.count
        builder.reset()
        do throws(JsonError) {
            try scratch.scan(maxDepth: CeleryLimits.maxDepth) {
                (scanner) throws(JsonError) in
                try decodeBody(&scanner, into: &events)
            }
        } catch {
            // Half a list is no list: what stood before the break is not trusted either.
            events.removeLast(events.count - before)
            return .undecodable("the body is not JSON: \(error)")
        }
        let count = events.count - before
        if count == 0, let reason = builder.reason { return .undecodable("\(reason)") }
        return .decoded(events: count, ignored: builder.ignored, refused: builder.refused)
    }

    @inline(__always)
    private mutating func decodeBody(
        _ scanner: inout JsonScanner, into events: inout [CeleryEvent]
    ) throws(JsonError) {
        if scanner.peek() == UInt8(ascii: "{") {
            try builder.append(&scanner, depth: 0, to: &events)
            return try scanner.finish()
        }
        guard scanner.peek() == UInt8(ascii: "[") else {
            builder.refuse("the body is neither an object nor a list")
            _ = try scanner.scanValue(depth: 0)
            return try scanner.finish()
        }
        try scanner.enter(UInt8(ascii: "["))
        var isFirst = true
        var count = 0
        while try scanner.nextElement(&isFirst) {
            count += 1
            if count > CeleryLimits.maxEventsPerMessage {
                _ = try scanner.scanValue(depth: 1)
                builder.refuse("more events in one message than the limit")
            } else if scanner.peek() != UInt8(ascii: "{") {
                _ = try scanner.scanValue(depth: 1)
                builder.refuse("an element of the list is no object")
            } else {
                try builder.append(&scanner, depth: 1, to: &events)
            }
        }
        try scanner.finish()
    }
}
