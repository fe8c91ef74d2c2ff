import EventLoop
import Ports
import RedisLink

/// A command connection with everything it told.
@LoopActor
final class RecordedConnection {
    private(set) var events: [LinkEvent] = []
    private(set) var reasons: [String] = []
    private(set) var connects = 0
    let link: RedisConnection

    init(_ configuration: RedisConfiguration) {
        link = RedisConnection(configuration)
        link.onEvent = { [weak self] in self?.note($0) }
        link.start()
    }

    /// Starts a link and waits until it is usable.
    static func ready(_ configuration: RedisConfiguration) async throws -> RecordedConnection {
        let recorded = RecordedConnection(configuration)
        try await waitUntil("connected") { await recorded.link.isConnected }
        return recorded
    }

    private func note(_ event: LinkEvent) {
        events.append(event)
        switch event {
        case .connected: connects += 1
        case .disconnected(let reason): reasons.append(reason)
        }
    }

    func stop() { link.stop() }
}

/// A subscription with everything it told; items are `channel=payload`.
@LoopActor
final class RecordedSubscription {
    private(set) var items: [String] = []
    private(set) var messages = 0
    private(set) var bytes = 0
    private(set) var dropped = 0
    private(set) var subscribed: [Double] = []
    private(set) var losses: [(since: Double, reason: String)] = []
    private(set) var probes: [Double] = []
    private(set) var batches = 0
    private(set) var order: [Character] = []
    private var subscription: Subscription<String>?

    init(
        _ configuration: RedisConfiguration, patterns: [String], through: RedisConnection?,
        keepsItems: Bool = true
    ) {
        let subscription = Subscription<String>(
            configuration, patterns: patterns.map { Array($0.utf8) }, probeThrough: through,
            decode: { channel, payload, items in
                guard keepsItems else { return }
                items.append("\(text(channel))=\(text(payload))")
            },
            onEvent: { [weak self] in self?.note($0) })
        self.subscription = subscription
        subscription.start()
    }

    static func ready(
        _ configuration: RedisConfiguration, patterns: [String], through: RedisConnection?,
        keepsItems: Bool = true
    ) async throws -> RecordedSubscription {
        let recorded = RecordedSubscription(
            configuration, patterns: patterns, through: through, keepsItems: keepsItems)
        try await waitUntil("subscribed") { await !recorded.subscribed.isEmpty }
        return recorded
    }

    private func note(_ event: SubscriptionEvent<String>) {
        switch event {
        case .subscribed(let time):
            subscribed.append(time)
            order.append("s")
        case .lost(let since, let reason):
            losses.append((since, reason))
            order.append("l")
        case .probe(let time):
            probes.append(time)
        case .batch(let batch):
            items += batch.items
            messages += batch.messages
            bytes += batch.bytes
            dropped += batch.dropped
            batches += 1
            order.append("b")
        }
    }

    func stop() { subscription?.stop() }
}

func text(_ span: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    for index in span.indices { bytes.append(span[index]) }
    return String(decoding: bytes, as: UTF8.self)
}

func bytes(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }
