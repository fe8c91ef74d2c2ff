internal import Foundation
internal import WireFormats

/// Parses each frame once, however many clients get it: equal bytes are one message.
///
/// Without it a load tool of thousands of clients would measure its own parser.
struct FrameCache {
    /// A message, and a number that no other message has.
    struct Frame {
        let number: Int
        let message: JsonValue
    }

    /// Messages kept at most; most frames of a second are equal to another one of the same tick.
    static let limit = 512

    /// Bytes that are hashed and compared as a whole.
    private struct Key: Hashable {
        let bytes: [UInt8]

        func hash(into hasher: inout Hasher) {
            unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        }

        static func == (left: Key, right: Key) -> Bool {
            guard left.bytes.count == right.bytes.count else { return false }
            return unsafe left.bytes.withUnsafeBytes { own in
                unsafe right.bytes.withUnsafeBytes { other in
                    guard let a = own.baseAddress, let b = other.baseAddress else { return true }
                    return unsafe memcmp(a, b, own.count) == 0
                }
            }
        }
    }

    private var frames: [Key: Frame] = [:]
    /// Frames that were parsed.
    private(set) var parsed = 0

    mutating func frame(_ bytes: [UInt8]) throws -> Frame {
        let key = Key(bytes: bytes)
        if let frame = frames[key] { return frame }
        parsed += 1
        let frame = Frame(
            number: parsed, message: try JsonReader.parse(bytes, limits: .celery))
        if frames.count >= Self.limit { frames.removeAll(keepingCapacity: true) }
        frames[key] = frame
        return frame
    }
}
