internal import WireFormats

/// Parses each frame once, however many clients get it: equal bytes are one message.
///
/// Without it a load tool of thousands of clients would measure its own parser.
struct FrameCache {
    /// Messages kept at most; most frames of a second are equal to another one of the same tick.
    static let limit = 512

    private var messages: [[UInt8]: JsonValue] = [:]
    /// Frames that were parsed, and frames that were asked for.
    private(set) var parsed = 0
    private(set) var taken = 0

    mutating func message(_ bytes: [UInt8]) throws -> JsonValue {
        taken += 1
        if let message = messages[bytes] { return message }
        parsed += 1
        let message = try JsonReader.parse(bytes, limits: .celery)
        if messages.count >= Self.limit { messages.removeAll(keepingCapacity: true) }
        messages[bytes] = message
        return message
    }
}
