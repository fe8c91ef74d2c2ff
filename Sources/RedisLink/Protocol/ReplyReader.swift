internal import CHiredis

/// Cuts a server's bytes into replies with hiredis's parser, within limits of ours.
///
/// hiredis 0.14 would buffer a bulk string of any announced size and allocate an array of any
/// announced count. Here its object functions are ours (``ReplySink`` decides), and what it waits
/// for is checked after every step, so that a hostile server costs a bounded amount of memory.
///
/// What a sink can take as a whole where it lies (``PushScan``) does not go through hiredis, which
/// would copy it into a buffer of its own, and moves that buffer after each reply.
@safe final class ReplyReader {
    // SAFETY: made in `init`, owned by this object alone, freed in `deinit`. Its `privdata` is the
    // sink, unretained, which `sink` keeps alive as long.
    private let reader: UnsafeMutablePointer<redisReader>
    private let sink: ReplySink
    private let limits: RedisLimits
    /// Whether the sink takes whole replies.
    private let takesWhole: Bool
    /// Whether hiredis holds nothing: all replies so far have ended.
    private var isBetween = true

    /// After each reply hiredis moves the rest of its buffer to the front; small slices keep that
    /// move short.
    private static let sliceBytes = 4 << 10
    /// An empty buffer with more room than this is given back, and made anew for the next slice; hiredis' own
    /// bound is less than what it makes at once for one message of a worker.
    private static let keptBytes = 256 << 10
    /// A bulk string's header is `$`, a number and CR LF; more digits than these are no number.
    private static let bulkHeaderBytes = 24

    /// Makes a reader whose pieces go to `sink`.
    init(sink: ReplySink, limits: RedisLimits) throws(LinkFailure) {
        guard let reader = unsafe redisReaderCreateWithFunctions(ReplyCallbacks.table) else {
            throw LinkFailure("no memory for a reply parser")
        }
        unsafe self.reader = reader
        self.sink = sink
        self.limits = limits
        takesWhole = sink.takesWhole
        unsafe reader.pointee.maxbuf = Self.keptBytes
        unsafe reader.pointee.privdata = Unmanaged.passUnretained(sink).toOpaque()
    }

    deinit { unsafe redisReaderFree(reader) }

    /// Takes bytes and calls `onReply` after each complete reply.
    ///
    /// - Throws: why the connection must be given up: a malformed or forbidden reply, or what
    ///   `onReply` throws.
    func feed(
        _ bytes: UnsafeRawBufferPointer, onReply: () throws(LinkFailure) -> Void
    ) throws(LinkFailure) {
        var offset = 0
        while offset < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
            if takesWhole, isBetween {
                let count = unsafe sink.whole(rest)
                if count > 0 {
                    offset += count
                    try onReply()
                    continue
                }
            }
            let count = unsafe pieceCount(rest)
            let start = unsafe rest.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard unsafe redisReaderFeed(reader, start, count) == REDIS_OK else { throw complaint }
            offset += count
            while try parseReply() { try onReply() }
            isBetween = isEmpty
        }
    }

    /// How many bytes hiredis gets next. If whole replies can be taken without it, it gets no byte of what
    /// looks like another array: so it is soon empty again. A look-alike within a string does no harm.
    private func pieceCount(_ rest: UnsafeRawBufferPointer) -> Int {
        let most = min(Self.sliceBytes, rest.count)
        guard takesWhole else { return most }
        for index in 1..<max(most, 1)
        where unsafe rest[index] == UInt8(ascii: "*") && rest[index - 1] == 10 {
            return index
        }
        return most
    }

    /// Whether hiredis has neither bytes nor the beginning of a reply.
    private var isEmpty: Bool {
        guard unsafe reader.pointee.pos == reader.pointee.len else { return false }
        // It takes up the next reply before there is a byte of it; its type is not known then.
        return unsafe reader.pointee.ridx < 0
            || (reader.pointee.ridx == 0 && reader.pointee.rstack.0.type < 0)
    }

    private func parseReply() throws(LinkFailure) -> Bool {
        var object: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { throw complaint }
        if unsafe object != nil { return true }
        try checkPending()
        return false
    }

    /// Refuses an unfinished piece that could not become acceptable any more.
    private func checkPending() throws(LinkFailure) {
        let index = unsafe Int(reader.pointee.ridx)
        let pending = unsafe reader.pointee.len - reader.pointee.pos
        guard index >= 0, pending > 0, let buffer = unsafe reader.pointee.buf else { return }
        let type = unsafe withUnsafeBytes(of: reader.pointee.rstack) {
            unsafe $0.bindMemory(to: redisReadTask.self)[index].type
        }
        guard type == REDIS_REPLY_STRING else {
            guard pending <= limits.lineBytes else {
                throw LinkFailure("the server sent a line of more than \(limits.lineBytes) bytes")
            }
            return
        }
        let header = unsafe UnsafeRawBufferPointer(
            start: buffer + reader.pointee.pos, count: min(pending, Self.bulkHeaderBytes))
        guard let end = unsafe header.firstIndex(of: 13) else {
            guard pending < Self.bulkHeaderBytes else {
                throw LinkFailure("the server sent a malformed string length")
            }
            return
        }
        let length = unsafe Int(String(decoding: header[..<end], as: UTF8.self)) ?? 0
        guard length <= limits.bulkBytes else {
            throw LinkFailure(
                "the server announced a string of \(length) bytes; \(limits.bulkBytes) are allowed")
        }
    }

    private var complaint: LinkFailure {
        if let refusal = sink.refusal { return LinkFailure(refusal) }
        let text = unsafe withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return LinkFailure("the server sent no valid reply: \(text)")
    }
}
