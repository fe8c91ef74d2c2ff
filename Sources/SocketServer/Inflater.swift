internal import CZlib

/// Inflates messages of permessage-deflate (RFC 7692, 7.2.2), each by itself, and never beyond a bound.
@safe final class Inflater {
    /// What became of a message.
    enum Outcome: Equatable {
        case message([UInt8])
        /// It is larger than it may be.
        case tooBig
        /// It is not what a compressor makes.
        case broken
    }

    /// Bytes that are inflated at a time.
    private static let slice = 16 * 1024

    // SAFETY: allocated in `init`, freed in `deinit`; zlib wants the stream to stay where it is.
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool
    private var scratch = [UInt8](repeating: 0, count: slice)

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: unsafe z_stream())
        isReady =
            unsafe inflateInit2_(
                stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    }

    deinit {
        if isReady { unsafe inflateEnd(stream) }
        unsafe stream.deallocate()
    }

    /// Inflates a message.
    ///
    /// - Parameter limit: bytes that it may have; not more than a slice beyond is ever written.
    func inflate(_ payload: [UInt8], limit: Int) -> Outcome {
        guard isReady, unsafe inflateReset(stream) == Z_OK else { return .broken }
        var input = payload + [0, 0, 0xff, 0xff]
        return unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe stream.pointee.next_in = source.baseAddress
            unsafe stream.pointee.avail_in = UInt32(source.count)
            defer { unsafe stream.pointee.next_in = nil }
            return inflateAll(limit: limit)
        }
    }

    private func inflateAll(limit: Int) -> Outcome {
        var output: [UInt8] = []
        while true {
            let result = inflateSlice()
            let count = Self.slice - Int(unsafe stream.pointee.avail_out)
            guard output.count + count <= limit else { return .tooBig }
            output += scratch[..<count]
            let rest = unsafe stream.pointee.avail_in
            switch result {
            case Z_STREAM_END:
                // A last block may stand at the end (7.2.3.4); the empty ones behind it say nothing.
                return rest <= 5 ? .message(output) : .broken
            case Z_OK, Z_BUF_ERROR:
                // A slice that was not filled: there is no more.
                guard count < Self.slice else { continue }
                return rest == 0 ? .message(output) : .broken
            default:
                return .broken
            }
        }
    }

    private func inflateSlice() -> Int32 {
        unsafe scratch.withUnsafeMutableBufferPointer { target in
            unsafe stream.pointee.next_out = target.baseAddress
            unsafe stream.pointee.avail_out = UInt32(target.count)
            return unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
        }
    }
}
