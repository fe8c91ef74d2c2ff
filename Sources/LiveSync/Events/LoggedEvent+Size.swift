extension LoggedEvent {
    /// Bytes of an item around its event: brackets, commas, the offset and the time of receipt.
    private static let itemBytes = 48
    /// Names and punctuation of format ``EventFormat/celeriac``.
    private static let celeriacBytes = 64
    /// The same of a CloudEvent, with its id, its time and its kind of data.
    private static let cloudEventBytes = 256
    /// By how much an event grows at most when the texts of users are masked: six of them, all empty.
    private static let maskBytes = 96

    /// At least the bytes that this event takes in an `events.batch`.
    ///
    /// - Parameter isMasked: whether of the texts of users only the length is told.
    package func frameBytes(as format: EventFormat, isMasked: Bool) -> Int {
        let bytes = Self.itemBytes + payload.count + (isMasked ? Self.maskBytes : 0)
        switch format {
        case .celery: return bytes
        case .celeriac:
            let texts = [type, source, subject, name, queue].compactMap { $0 }
            return texts.reduce(bytes + Self.celeriacBytes) { $0 + Self.encodedBytes(of: $1) }
        case .cloudevents:
            // A source is a part of a URI: there a byte is three at most.
            return bytes + Self.cloudEventBytes + Self.encodedBytes(of: type)
                + source.utf8.count * 3 + Self.encodedBytes(of: subject ?? "")
        }
    }

    private static func encodedBytes(of text: String) -> Int { FieldValue.text(text).encodedBytes }
}
