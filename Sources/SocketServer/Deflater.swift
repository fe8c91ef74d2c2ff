internal import CZlib

/// Compresses messages for permessage-deflate (RFC 7692, 7.2.1), each by itself.
@safe final class Deflater {
    /// Fast rather than small: state frames are compressed while clients wait.
    private static let level: Int32 = 1

    // SAFETY: allocated in `init`, freed in `deinit`; zlib wants the stream to stay where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: unsafe z_stream())
        // A negative window means: no zlib header.
        isReady =
            unsafe deflateInit2_(
                stream, Self.level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
    }

    deinit {
        if isReady { unsafe deflateEnd(stream) }
        unsafe stream.deallocate()
    }

    /// The payload of the compressed message; `nil` if zlib refuses.
    func compress(_ payload: ArraySlice<UInt8>) -> [UInt8]? {
        guard isReady, unsafe deflateReset(stream) == Z_OK else { return nil }
        // A flush adds an empty block to the bound.
        let room = Int(unsafe deflateBound(stream, UInt(payload.count))) + 16
        var input = payload
        var isDone = false
        var output = unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
                unsafe stream.pointee.next_in = source.baseAddress
                unsafe stream.pointee.avail_in = UInt32(source.count)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(room)
                isDone =
                    unsafe deflate(stream, Z_SYNC_FLUSH) == Z_OK
                    && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
                count = unsafe room - Int(stream.pointee.avail_out)
            }
        }
        // The empty block's end, which the receiver puts back.
        guard isDone, output.suffix(4) == [0, 0, 0xff, 0xff] else { return nil }
        output.removeLast(4)
        return output
    }
}
