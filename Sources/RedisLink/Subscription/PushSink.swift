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
    var batch: SubscriptionBatch<Item>
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

    static var emptyBatch: SubscriptionBatch<Item> {
        SubscriptionBatch(items: [], messages: 0, bytes: 0, dropped: 0, receivedAt: 0)
    }

    /// What comes next was read from the socket at this moment, unix seconds.
    func arrived(at moment: Double) {
        if batch.messages + batch.dropped == 0 { batch.oldestAt = moment }
        batch.receivedAt = moment
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
        messages += 1
        guard !isDropping else {
            batch.dropped += 1
            return
        }
        batch.messages += 1
        batch.bytes += payload.count
        let channel = channel
        decode(channel.span, unsafe payload.span, &batch.items)
    }
}
