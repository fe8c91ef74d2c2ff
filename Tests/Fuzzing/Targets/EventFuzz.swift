import Fleet
import WireFormats

/// Bytes of an event for bots, as the gateway bounds it.
private let eventBytes = 8 << 10

/// Events are counted, read the same a second time, and written as JSON. With an odd first byte the rest
/// is the body of a well-made envelope; base64 would keep a fuzzer away from what is in it.
func fuzzEvent(_ bytes: [UInt8]) throws(Violation) {
    let rest = Array(bytes.dropFirst())
    let isBody = bytes.first.map { $0 & 1 == 1 } ?? false
    let payload = isBody ? envelope(of: rest) : rest
    var decoder = EventDecoder()
    var events: [CeleryEvent] = []
    let outcome = decoder.decode(payload.span, into: &events)
    switch outcome {
    case .decoded(let count, let ignored, let refused):
        try expect(count == events.count, "\(count) events are \(events.count)")
        try expect(ignored >= 0 && refused >= 0, "a count below zero")
    case .skipped, .undecodable:
        try expect(events.isEmpty, "events of a message that is none")
    }
    var again: [CeleryEvent] = []
    try expect(decoder.decode(payload.span, into: &again) == outcome, "another outcome")
    try expect(again == events, "other events of the same bytes")
    for event in events {
        let json = EventWriter.json(event, limit: eventBytes)
        guard (try? JsonReader.parse(json, limits: .celery)) != nil else {
            throw Violation("an event is not written as JSON")
        }
    }
}

private func envelope(of body: [UInt8]) -> [UInt8] {
    var writer = JsonWriter(capacity: body.count * 2 + 128)
    writer.beginObject()
    writer.name("body")
    writer.base64(body)
    writer.member("content-type", "application/json")
    writer.member("properties", ["body_encoding": "base64"])
    writer.endObject()
    return writer.bytes
}
