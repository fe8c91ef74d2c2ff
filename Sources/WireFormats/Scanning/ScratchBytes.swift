/// A block of bytes that is used again and again, so that decoding a body allocates nothing.
///
/// Belongs to one decoder; not shared between threads.
@safe package final class ScratchBytes {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// Bytes in use.
    private var count = 0

    /// Capacity to which a block that grew for one huge body is cut back, in bytes.
    private static let keptCapacity = 1 << 20

    /// Makes an empty block.
    package init() {
        capacity = 4096
        unsafe base = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
    }

    deinit { unsafe base.deallocate() }

    private func reserve(_ wanted: Int) {
        guard wanted > capacity || capacity > ScratchBytes.keptCapacity else { return }
        unsafe base.deallocate()
        capacity = max(wanted, 4096)
        unsafe base = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    }

    /// Fills the block with what base64 at `source` says, up to the first byte outside its alphabet.
    ///
    /// - Returns: characters taken; nil if the padding is wrong.
    func decodeBase64(_ source: UnsafePointer<UInt8>, count length: Int) -> Int? {
        reserve(Base64.decodedCapacity(length))
        count = 0
        guard let (taken, written) = unsafe Base64.decode(source, count: length, into: base) else {
            return nil
        }
        count = written
        return taken
    }

    /// Fills the block with a copy of `bytes`.
    package func assign(_ bytes: [UInt8]) {
        reserve(bytes.count)
        count = bytes.count
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe base.update(from: from, count: source.count)
        }
    }

    /// A copy of the bytes in use.
    package func copy() -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }

    /// Lends a scanner over the bytes in use; they must not be changed meanwhile.
    @inline(__always)
    package func scan<Result, Failure: Error>(
        maxDepth: Int, _ body: (inout JsonScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var scanner = unsafe JsonScanner(base: base, count: count, maxDepth: maxDepth)
        return try body(&scanner)
    }
}

extension JsonScanner {
    /// Decodes the base64 string whose opening quote is at the cursor into `scratch`, and steps over it.
    ///
    /// One pass finds the end and decodes.
    ///
    /// - Returns: false if the string is no clean base64; the cursor has not moved then.
    @inline(__always)
    package mutating func takeBase64String(into scratch: ScratchBytes) -> Bool {
        let start = position + 1
        guard start < count, byte(at: position) == UInt8(ascii: "\"") else { return false }
        guard let taken = unsafe scratch.decodeBase64(base + start, count: count - start),
            byte(at: start + taken) == UInt8(ascii: "\"")
        else { return false }
        position = start + taken + 1
        return true
    }
}
