internal import EventLoop
internal import Ports

/// An established connection on the loop: reads replies, writes commands, tells when it breaks.
@LoopActor
final class LoopSocket {
    private let transport: Transport
    private let name: String
    private let builder: ReplyBuilder
    private let reader: ReplyReader
    private let scratch = ReadBuffer(bytes: 64 << 10)
    private var poll: LoopPoll?
    private var output: [UInt8] = []
    private var outputHead = 0
    private var isClosed = false
    private var onReply: @LoopActor (RESPValue) throws(LinkFailure) -> Void = { _ in }
    private var onFailure: @LoopActor (String) -> Void = { _ in }

    /// Bytes read so far.
    private(set) var bytesIn = 0
    /// Bytes written so far.
    private(set) var bytesOut = 0
    /// Monotonic seconds of the last command.
    private(set) var lastWrite = Clocks.monotonic

    /// Bytes read before other work gets a turn.
    private static let bytesPerTurn = 1 << 20

    init(_ link: Establisher.Link, limits: RedisLimits) throws(LinkFailure) {
        transport = link.transport
        name = link.name
        builder = ReplyBuilder(limits: limits)
        reader = try ReplyReader(sink: builder, limits: limits)
    }

    /// Starts to listen. After `onFailure` nothing is called any more.
    func open(
        onReply: @escaping @LoopActor (RESPValue) throws(LinkFailure) -> Void,
        onFailure: @escaping @LoopActor (String) -> Void
    ) {
        self.onReply = onReply
        self.onFailure = onFailure
        poll = LoopPoll(descriptor: transport.descriptor) { self.ready($0) }
        poll?.watch(.readable)
    }

    /// Closes at once; nothing is called any more.
    func close() {
        isClosed = true
        poll?.close()
        poll = nil
        transport.close()
        // Both refer back to the owner.
        (onReply, onFailure) = ({ _ in }, { _ in })
    }

    /// Bytes that the socket has not taken yet.
    var unwrittenBytes: Int { output.count - outputHead }

    /// Appends to what is to be written and writes what the socket takes now.
    func write(_ append: (inout [UInt8]) -> Void) {
        let wasIdle = unwrittenBytes == 0
        append(&output)
        lastWrite = Clocks.monotonic
        if wasIdle { flush() }
    }

    private func ready(_ readiness: LoopPoll.Readiness) {
        if unwrittenBytes > 0 { flush() }
        if readiness.contains(.readable) { readAll() }
    }

    private func flush() {
        while unwrittenBytes > 0, !isClosed {
            let outcome = unsafe output.withUnsafeBytes {
                unsafe transport.write(UnsafeRawBufferPointer(rebasing: $0[outputHead...]))
            }
            switch outcome {
            case .moved(let count):
                outputHead += count
                bytesOut += count
            case .wantsRead:
                return
            case .wantsWrite:
                compact()
                poll?.watch([.readable, .writable])
                return
            case .ended: return failLater("\(name) closed the connection")
            case .failed(let reason): return failLater("\(name): \(reason)")
            }
        }
        output.removeAll(keepingCapacity: output.capacity <= 1 << 16)
        outputHead = 0
        poll?.watch(.readable)
    }

    private func compact() {
        guard outputHead >= 1 << 16 else { return }
        output.removeFirst(outputHead)
        outputHead = 0
    }

    /// A failed write is told in a later turn: the caller of `write` is in the middle of a change.
    private func failLater(_ reason: String) {
        poll?.watch([])
        Task { @LoopActor in self.onFailure(reason) }
    }

    private func readAll() {
        let limit = bytesIn + Self.bytesPerTurn
        while !isClosed {
            switch unsafe transport.read(into: scratch.memory) {
            case .moved(let count):
                bytesIn += count
                do throws(LinkFailure) {
                    try unsafe reader.feed(scratch.filled(count)) { () throws(LinkFailure) in
                        // The owner may have closed us while it took an earlier reply.
                        guard !isClosed else { throw LinkFailure("closed") }
                        try onReply(builder.takeReply())
                    }
                } catch {
                    return onFailure("\(name): \(error.reason)")
                }
            case .wantsRead: return
            case .wantsWrite:
                poll?.watch([.readable, .writable])
                return
            case .ended: return onFailure("\(name) closed the connection")
            case .failed(let reason): return onFailure("\(name): \(reason)")
            }
            if bytesIn >= limit, !transport.hasBuffered { return }
        }
    }
}
