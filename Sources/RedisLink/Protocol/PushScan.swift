internal import Glibc

/// Finds a whole `pmessage` at the beginning of some bytes: what nearly all that comes over a
/// subscription is.
///
/// Not a parser of the protocol: it knows this one form (a pattern and a channel of bounded length, a payload
/// of bounded length, every length without sign and leading zero, every end of line in its place), and for
/// anything else, or less than the whole, it says nothing. hiredis decides then.
struct PushScan {
    /// Inside of the channel's name.
    let channel: Range<Int>
    /// Inside of the payload.
    let payload: Range<Int>
    /// Bytes of the whole message.
    let count: Int

    private static let head: StaticString = "*4\r\n$8\r\npmessage\r\n"

    /// The message at the beginning; nil if it is another one, or not there as a whole.
    init?(_ bytes: UnsafeRawBufferPointer, limits: RedisLimits) {
        let head = Self.head
        let start = head.utf8CodeUnitCount
        guard bytes.count >= start, let base = bytes.baseAddress,
            unsafe memcmp(base, head.utf8Start, start) == 0,
            let pattern = unsafe Self.bulk(bytes, at: start, limit: limits.channelBytes),
            let channel = unsafe Self.bulk(
                bytes, at: pattern.upperBound + 2, limit: limits.channelBytes),
            let payload = unsafe Self.bulk(
                bytes, at: channel.upperBound + 2, limit: limits.bulkBytes)
        else { return nil }
        self.channel = channel
        self.payload = payload
        count = payload.upperBound + 2
    }

    /// The inside of the bulk string that begins at an offset; nil if it is not all there, is longer than
    /// `limit`, or anything about it is unusual.
    private static func bulk(
        _ bytes: UnsafeRawBufferPointer, at start: Int, limit: Int
    ) -> Range<Int>? {
        guard start < bytes.count, unsafe bytes[start] == UInt8(ascii: "$") else { return nil }
        var index = start + 1
        var length = 0
        // Nine digits are more than any limit has, and no sum of them overflows.
        let lastDigit = min(index + 9, bytes.count)
        while index < lastDigit {
            let digit = unsafe bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            length = length * 10 + Int(digit)
            index += 1
        }
        let digits = index - start - 1
        guard digits > 0, unsafe digits == 1 || bytes[start + 1] != UInt8(ascii: "0"),
            length <= limit, unsafe isLineEnd(bytes, index)
        else { return nil }
        let end = index + 2 + length
        guard unsafe isLineEnd(bytes, end) else { return nil }
        return index + 2..<end
    }

    private static func isLineEnd(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        guard index + 2 <= bytes.count else { return false }
        return unsafe bytes[index] == 13 && bytes[index + 1] == 10
    }
}
