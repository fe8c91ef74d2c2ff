/// Walks over the bytes of one JSON text, in the strict dialect or in Python's.
///
/// A cursor, not a parser: it finds values and says where they stand (`JsonSlice`), and turns a
/// slice into text or a number when asked. What is never asked for is never copied; this is what
/// makes the event path fast. `JsonReader` builds trees with it, `EventDecoder` typed events.
///
/// It cannot be copied and is only lent out by `scan`, so it never outlives the bytes it reads.
/// Every read is checked against `count`: no input can make it read elsewhere or trap.
@safe package struct JsonScanner: ~Copyable {
    /// First byte; may dangle if `count` is 0.
    let base: UnsafePointer<UInt8>
    /// Length of the text in bytes.
    package let count: Int
    /// Offset of the next byte.
    package var position = 0
    /// Deepest nesting that is followed.
    package let maxDepth: Int

    /// Longest text that is scanned, bytes; of a longer one only so much is seen.
    static let maxCount = Int(Int32.max)

    // SAFETY: internal, so that only `scan` (which keeps the bytes alive) makes one.
    init(base: UnsafePointer<UInt8>, count: Int, maxDepth: Int) {
        unsafe self.base = base
        self.count = min(count, JsonScanner.maxCount)
        self.maxDepth = maxDepth
    }

    /// Lends a scanner over `bytes` to `body`.
    @inline(__always)
    package static func scan<Result, Failure: Error>(
        _ bytes: Span<UInt8>, maxDepth: Int,
        _ body: (inout JsonScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            guard let base = buffer.baseAddress else {
                var nothing: UInt8 = 0
                return try unsafe withUnsafePointer(to: &nothing) {
                    (pointer) throws(Failure) -> Result in
                    var scanner = unsafe JsonScanner(base: pointer, count: 0, maxDepth: maxDepth)
                    return try body(&scanner)
                }
            }
            var scanner = unsafe JsonScanner(base: base, count: buffer.count, maxDepth: maxDepth)
            return try body(&scanner)
        }
    }

    /// Lends a scanner over the bytes of one slice to `body`.
    @inline(__always)
    package func scan<Result, Failure: Error>(
        _ slice: JsonSlice, _ body: (inout JsonScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = min(slice.start, count)
        var scanner = unsafe JsonScanner(
            base: base + start, count: min(slice.count, count - start), maxDepth: maxDepth)
        return try body(&scanner)
    }

    /// The byte at `offset`, 0 behind the end (0 is no JSON anywhere outside of nothing).
    @inline(__always)
    package func byte(at offset: Int) -> UInt8 {
        offset < count ? unsafe base[offset] : 0
    }

    /// Eight bytes from `offset`, first byte lowest.
    ///
    /// The caller has checked that `offset + 8 <= count`.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        unsafe UInt64(
            littleEndian: UnsafeRawPointer(base).loadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }

    /// Steps over white space and gives the next byte without taking it; 0 at the end.
    @inline(__always)
    package mutating func peek() -> UInt8 {
        while true {
            let next = byte(at: position)
            guard next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 else { return next }
            position += 1
        }
    }

    /// Takes the byte `expected` behind white space.
    @inline(__always)
    package mutating func take(_ expected: UInt8) throws(JsonError) {
        guard peek() == expected, position < count else { throw unexpected() }
        position += 1
    }

    /// The error for the byte at the cursor.
    package func unexpected() -> JsonError {
        JsonError(position < count ? .unexpectedByte : .unexpectedEnd, at: position)
    }

    /// Refuses anything but white space up to the end.
    package mutating func finish() throws(JsonError) {
        _ = peek()
        guard position == count else { throw JsonError(.trailingBytes, at: position) }
    }

    /// Steps into an array or object whose opening byte is `open`; then call `nextElement` or `nextName`.
    @inline(__always)
    package mutating func enter(_ open: UInt8) throws(JsonError) { try take(open) }

    /// Steps to the next element of an array.
    ///
    /// - Parameter isFirst: true before the first call; kept by this function.
    /// - Returns: false at the closing bracket, which is taken.
    @inline(__always)
    package mutating func nextElement(_ isFirst: inout Bool) throws(JsonError) -> Bool {
        let next = peek()
        if next == UInt8(ascii: "]") {
            position += 1
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard next == UInt8(ascii: ",") else { throw unexpected() }
        position += 1
        if peek() == UInt8(ascii: "]") { throw unexpected() }
        return true
    }

    /// Steps to the next member of an object.
    ///
    /// - Parameter isFirst: true before the first call; kept by this function.
    /// - Returns: the name, with the cursor behind the colon; nil at the closing brace, which is taken.
    @inline(__always)
    package mutating func nextName(_ isFirst: inout Bool) throws(JsonError) -> JsonSlice? {
        let next = peek()
        if next == UInt8(ascii: "}") {
            position += 1
            return nil
        }
        if isFirst {
            isFirst = false
        } else {
            guard next == UInt8(ascii: ",") else { throw unexpected() }
            position += 1
            _ = peek()
        }
        guard byte(at: position) == UInt8(ascii: "\"") else { throw unexpected() }
        let name = try scanString()
        try take(UInt8(ascii: ":"))
        return name
    }
}
