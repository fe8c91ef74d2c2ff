import EventLoop
import Ports

/// Counts what a subscription tells.
@LoopActor
final class EventCounter<Item: Sendable> {
    private(set) var items: [Item] = []
    private(set) var messages = 0
    private(set) var bytes = 0
    private(set) var dropped = 0
    private(set) var subscribed = 0
    private(set) var losses = 0
    private(set) var batches = 0
    private(set) var biggestBatch = 0

    nonisolated init() {}

    func note(_ event: SubscriptionEvent<Item>) {
        switch event {
        case .subscribed: subscribed += 1
        case .lost: losses += 1
        case .probe: break
        case .batch(let batch):
            items += batch.items
            messages += batch.messages
            bytes += batch.bytes
            dropped += batch.dropped
            batches += 1
            biggestBatch = max(biggestBatch, batch.items.count)
        }
    }
}
