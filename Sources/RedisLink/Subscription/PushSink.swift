internal import Ports

/// Takes a subscription's pushes and decodes messages where they lie in the read buffer.
final class PushSink<Item: Sendable>: ReplySink {
    private enum Push {
        case unknown
        case message
        case patternMessage
        case confirmation
        case pong
    }

    private let decode: Subscription<Item>.Decoder
    private let probeChannel: [UInt8]
    private let limits: RedisLimits
    private var push = Push.unknown
    private var index = 0
    private var missing = 0
    /// The channel is kept across reads, in which the buffer may move.
    private var channel: [UInt8] = []

    /// Messages that came on this connection, probes left out.
    private(set) var messages = 0
    /// Confirmed subscriptions on this connection.
    private(set) var confirmations = 0
    /// Probes that came, oldest first; the ingest thread takes them.
    var probes: [Int] = []
    /// What has been decoded since the last hand-over.
    private(set) var batch: SubscriptionBatch<Item>
    /// Whether the batch has all that one may have.
    private(set) var isFull = false
    /// While set, messages are counted as dropped instead of decoded.
    var isDropping = false

    init(
        decode: @escaping Subscription<Item>.Decoder, probeChannel: [UInt8], limits: RedisLimits
    ) {
        self.decode = decode
        self.probeChannel = probeChannel
        self.limits = limits
        batch = Self.emptyBatch
    }

    private static var emptyBatch: SubscriptionBatch<Item> {
        SubscriptionBatch(items: [], messages: 0, bytes: 0, dropped: 0, receivedAt: 0)
    }

    /// Hands over what has been decoded, and begins anew.
    func takeBatch() -> SubscriptionBatch<Item> {
        let taken = batch
        batch = Self.emptyBatch
        // As many will come again, mostly: items that move when an array grows cost more than its room.
        batch.items.reserveCapacity(taken.items.count)
        isFull = false
        arrived(at: taken.receivedAt)
        return taken
    }

    /// What comes next was read from the socket at this moment, unix seconds.
    func arrived(at moment: Double) {
        if batch.messages + batch.dropped == 0 { batch.oldestAt = moment }
        batch.receivedAt = moment
    }

    override var takesWhole: Bool { true }

    override func whole(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let scan = unsafe PushScan(bytes, limits: limits) else { return 0 }
        let text = unsafe bytes.assumingMemoryBound(to: UInt8.self)
        let channel = unsafe UnsafeBufferPointer(rebasing: text[scan.channel])
        let payload = unsafe UnsafeBufferPointer(rebasing: text[scan.payload])
        unsafe received(channel.span, payload.span)
        return scan.count
    }

    override func beginArray(_ count: Int) -> Bool {
        guard missing == 0, (2...4).contains(count) else {
            return refuse("the server sent an array that is no push message")
        }
        (missing, index, push) = (count, 0, .unknown)
        return true
    }

    override func string(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) -> Bool {
        guard missing > 0 else {
            guard kind == .error else {
                return refuse("the server sent a reply that is no push message")
            }
            let text = unsafe String(decoding: bytes, as: UTF8.self)
            return refuse("the server refuses: \(ServerText.cleaned(text))")
        }
        guard bytes.count <= limits.bulkBytes else {
            return refuse(
                "the server sent a string of \(bytes.count) bytes; \(limits.bulkBytes) are allowed")
        }
        defer { advance() }
        switch (push, index) {
        case (_, 0):
            return unsafe recognize(bytes)
        case (.message, 1), (.patternMessage, 2):
            guard bytes.count <= limits.channelBytes else {
                return refuse("a channel's name has more than \(limits.channelBytes) bytes")
            }
            channel.removeAll(keepingCapacity: true)
            unsafe channel.append(contentsOf: bytes)
        case (.message, 2), (.patternMessage, 3):
            unsafe received(bytes)
        default: break
        }
        return true
    }

    override func integer(_ value: Int64) -> Bool {
        guard push == .confirmation, index == 2 else {
            return refuse("the server sent a reply that is no push message")
        }
        confirmations += 1
        advance()
        return true
    }

    override func null() -> Bool {
        refuse("the server sent a reply that is no push message")
    }

    private func advance() {
        index += 1
        missing -= 1
    }

    private func recognize(_ bytes: UnsafeRawBufferPointer) -> Bool {
        func matches(_ word: StaticString) -> Bool {
            unsafe bytes.elementsEqual(
                UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        }
        push =
            if matches("pmessage"), missing == 4 {
                .patternMessage
            } else if matches("message"), missing == 3 {
                .message
            } else if matches("psubscribe") || matches("subscribe"), missing == 3 {
                .confirmation
            } else if matches("pong"), missing == 2 {
                .pong
            } else {
                .unknown
            }
        guard push == .unknown else { return true }
        return refuse("the server sent a push message of an unknown kind")
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        let payload = unsafe bytes.assumingMemoryBound(to: UInt8.self)
        if push == .message, channel == probeChannel {
            if let number = unsafe Int(String(decoding: payload, as: UTF8.self)) {
                probes.append(number)
            }
            return
        }
        let channel = channel
        unsafe received(channel.span, payload.span)
    }

    private func received(_ channel: Span<UInt8>, _ payload: Span<UInt8>) {
        messages += 1
        guard !isDropping else {
            batch.dropped += 1
            return
        }
        add(channel, payload, to: &batch)
    }

    /// Reaches the batch once for all.
    private func add(
        _ channel: Span<UInt8>, _ payload: Span<UInt8>, to batch: inout SubscriptionBatch<Item>
    ) {
        batch.messages += 1
        batch.bytes += payload.count
        decode(channel, payload, &batch.items)
        isFull =
            max(batch.items.count, batch.messages) >= limits.batchItems
            || batch.bytes >= limits.batchBytes
    }
}
