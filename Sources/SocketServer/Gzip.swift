internal import CZlib

/// The gzip format (RFC 1952), by zlib, for files that are compressed once and kept.
enum Gzip {
    /// The bytes as one gzip member, at the best level; `nil` if zlib refuses.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = unsafe z_stream()
        // 15 is the largest window; 16 more asks for the gzip header (zlib.h, deflateInit2).
        guard
            unsafe deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY,
                ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { unsafe deflateEnd(&stream) }
        let room = Int(unsafe deflateBound(&stream, UInt(bytes.count)))
        var isDone = false
        var input = bytes
        let output = unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe [UInt8](unsafeUninitializedCapacity: room) { target, count in
                unsafe stream.next_in = source.baseAddress
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(room)
                isDone = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = unsafe room - Int(stream.avail_out)
            }
        }
        return isDone ? output : nil
    }
}
