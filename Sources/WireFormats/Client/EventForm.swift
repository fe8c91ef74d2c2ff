package import LiveSync

/// Writes a logged event as a reader wants it and may see it.
package enum EventForm {
    /// Fields of an event that hold the texts of users.
    private static let maskedFields: Set<String> = [
        "args", "kwargs", "result", "exception", "traceback", "extra",
    ]

    /// One event as JSON text.
    ///
    /// - Parameters:
    ///   - isMasked: whether of the texts of users only the length is told.
    package static func json(
        _ event: LoggedEvent, at position: EventPosition, format: EventFormat, isMasked: Bool
    ) -> [UInt8] {
        let payload = isMasked ? masked(event.payload) : event.payload
        if format == .celery { return payload }
        var writer = JsonWriter(capacity: payload.count + 256)
        writer.beginObject()
        if format == .celeriac {
            writer.member("type", event.type)
            writer.member("worker", event.source)
            if let subject = event.subject { writer.member("id", subject) }
            if let name = event.name { writer.member("name", name) }
            if let queue = event.queue { writer.member("queue", queue) }
            writer.name("event")
        } else {
            writer.member("specversion", "1.0")
            writer.member("id", "\(position.epoch)/\(position.offset)")
            writer.member("source", "celery/\(escaped(event.source))")
            writer.member("type", "celery.\(event.type)")
            writer.member("time", IsoTime.text(event.happenedAt))
            if let subject = event.subject, !subject.isEmpty { writer.member("subject", subject) }
            writer.member("datacontenttype", "application/json")
            writer.name("data")
        }
        writer.raw(payload)
        writer.endObject()
        return writer.bytes
    }

    private static func masked(_ payload: [UInt8]) -> [UInt8] {
        guard let value = try? JsonReader.parse(payload, limits: .celery),
            case .object(let members) = value
        else { return Array("{}".utf8) }
        let shown = members.map { member in
            guard maskedFields.contains(member.name) else { return member }
            let text = member.value.string.map { "(\($0.count) characters)" } ?? "(hidden)"
            return JsonMember(member.name, .string(text))
        }
        var writer = JsonWriter(capacity: payload.count)
        writer.value(.object(shown))
        return writer.bytes
    }

    /// A node name as a part of a URI (RFC 3986, 3.3).
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "@"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return result
    }
}
