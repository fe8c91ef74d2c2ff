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

    /// Bytes that are compared as a whole; only both ends are hashed, where the revisions are.
    private struct Key: Hashable {
        /// Bytes of one end.
        static let end = 128

        let bytes: [UInt8]

        func hash(into hasher: inout Hasher) {
            hasher.combine(bytes.count)
            unsafe bytes.withUnsafeBytes { buffer in
                unsafe hasher.combine(
                    bytes: UnsafeRawBufferPointer(rebasing: buffer.prefix(Self.end)))
                unsafe hasher.combine(
                    bytes: UnsafeRawBufferPointer(rebasing: buffer.suffix(Self.end)))
            }
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

    /// Most frames of a second are equal to another one of the same tick.
    private var frames = RecentTable<Key, Frame>(limit: 512)
    /// Frames that were parsed.
    private(set) var parsed = 0

    mutating func frame(_ bytes: [UInt8]) throws -> Frame {
        let key = Key(bytes: bytes)
        if let frame = frames[key] { return frame }
        parsed += 1
        let frame = Frame(
            number: parsed, message: try JsonReader.parse(bytes, limits: .celery))
        frames[key] = frame
        return frame
    }
}
