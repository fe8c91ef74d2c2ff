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
    /// - Returns: `false` only if the header is in the buffer and is not that of a masked frame
    ///   of this length. A header that came in an earlier read cannot be seen.
    static func isMasked(
        _ piece: [UInt8], at address: UInt, _ remaining: Int, _ buffer: UInt
    ) -> Bool {
        let length = UInt64(piece.count) &+ UInt64(max(0, remaining))
        // An empty frame has no payload in the read buffer.
        guard length > 0, buffer > 0 else { return true }
        let header: [UInt8]
        switch length {
        case 0..<126: header = [0x80 | UInt8(length)]
        case 126..<65_536: header = [0x80 | 126, UInt8(length >> 8), UInt8(length & 0xff)]
        default: return true  // Too big anyway.
        }
        let end = buffer + UInt(LibraryContext.readBufferSize)
        let start = address &- 4 &- UInt(header.count)
        guard address > buffer, address < end, start >= buffer, start < address else { return true }
        // SAFETY: [start, address) lies in libwebsockets' read buffer, which lives as long as the
        // context, in front of the payload that it lends for this callback.
        guard let bytes = unsafe UnsafePointer<UInt8>(bitPattern: start) else { return true }
        return (0..<header.count).allSatisfy { unsafe bytes[$0] == header[$0] }
    }
}
