internal import Fleet
internal import WireFormats

/// Arguments of `message.delete`, `message.move` and `message.prioritize`.
struct MessageSpec: Equatable, Sendable {
    /// Which waiting message is meant.
    enum Address: Equatable, Sendable {
        /// The one with this delivery tag.
        case tag(String)
        /// The one with these bytes; ``MessageDigest`` made the text.
        case digest(String)
    }

    /// What is to be done with it.
    enum Act: Equatable, Sendable {
        /// Take it away; `keep`: seconds for which that can be undone, 0: not at all.
        case delete(keep: Double)
        /// Put it into another queue.
        case move(to: String, priority: Int?)
        /// Put it among those of another priority.
        case prioritize(Int)
    }

    /// The queue in which it waits.
    var queue: String
    /// Which message.
    var address: Address
    /// What is to be done.
    var act: Act

    /// What removes it, as a purge of one; `nil` if it is not removed.
    var purge: PurgeSpec? {
        guard case .delete(let keep) = act else { return nil }
        return PurgeSpec(queue: queue, keep: keep)
    }

    /// For people.
    var subject: String {
        switch address {
        case .tag(let tag): "message \(tag) in queue \(queue)"
        case .digest(let digest): "message \(digest.prefix(16))… in queue \(queue)"
        }
    }
}

/// The name of a waiting element that has no delivery tag: its length and SHA-1, as `<bytes>-<hex>`. Redis
/// makes it; the length spares it to hash all the others.
enum MessageDigest {
    /// Bytes of an element's length and hash at most.
    private static let hexDigits = 40
    private static let lengthDigits = 9

    /// Whether a text can be such a name.
    static func isOne(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, 1...lengthDigits ~= parts[0].count, parts[1].count == hexDigits
        else { return false }
        return parts[0].allSatisfy { 0x30...0x39 ~= $0 }
            && parts[1].allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }
    }
}
