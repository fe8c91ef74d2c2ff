/// Tells whether the client has masked a frame, as RFC 6455 5.1 demands.
///
/// libwebsockets 4.1.6 accepts unmasked frames and does not tell. But it unmasks in place, in its
/// read buffer, so the frame's header still stands right before the payload.
enum FrameMask {
    /// Whether the frame that starts with `piece` was masked, as far as can be seen.
    ///
    /// - Parameters:
    ///   - piece: the start of the payload.
    ///   - address: where it stands.
    ///   - remaining: the rest of the frame's payload.
    ///   - buffer: start of the read buffer; 0 if it is not known.
    /// - Returns: `false` if what stands before the payload is not the header of a masked frame of
    ///   this length. A header that came in an earlier read cannot be seen and counts as masked.
    static func isMasked(
        _ piece: [UInt8], at address: UInt, _ remaining: Int, _ buffer: UInt
    ) -> Bool {
        let length = UInt64(piece.count) &+ UInt64(max(0, remaining))
        // An empty frame has no payload in the read buffer; a very long one is refused anyway.
        guard length > 0, length < 65_536, buffer > 0, address > buffer,
            address < buffer + UInt(LibraryContext.readBufferSize)
        else { return true }
        let before = tail(Int(min(8, address - buffer)), before: address)
        return isMasked(header: before, length: Int(length))
    }

    /// The same for the bytes before a payload, at most eight of them.
    static func isMasked(header: [UInt8], length: Int) -> Bool {
        let extended = length < 126 ? [] : [UInt8(length >> 8), UInt8(length & 0xff)]
        let short = length < 126 ? UInt8(length) : 126
        let masked = [0x80 | short] + extended
        if header.count >= masked.count + 4 {
            return Array(header.dropLast(4).suffix(masked.count)) == masked
        }
        // Too few bytes for a masked frame's header that starts in this read. The rest of one
        // could look like this by chance: one in 65,536 of those that a read has cut here.
        let plain = [short] + extended
        guard header.count == plain.count + 1, header.suffix(plain.count) == plain[...] else {
            return true
        }
        return header[0] & 0x30 != 0 || header[0] & 0x0f > 2
    }

    private static func tail(_ count: Int, before address: UInt) -> [UInt8] {
        // SAFETY: the bytes lie in libwebsockets' read buffer, which lives as long as the context,
        // in front of the payload that it lends for this callback.
        guard let start = unsafe UnsafePointer<UInt8>(bitPattern: address - UInt(count)) else {
            return []
        }
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }
}
