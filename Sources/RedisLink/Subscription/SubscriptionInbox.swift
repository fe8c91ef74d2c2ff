internal import EventLoop
internal import Ports
internal import Synchronization

/// What an ingest thread has for the loop: bounded, in order, never waited for.
final class SubscriptionInbox<Item: Sendable>: Sendable {
    private struct State {
        var entries: [SubscriptionEvent<Item>] = []
        var head = 0
        /// What the waiting batches cost, as `inboxBytes` counts.
        var cost = 0
        /// Messages dropped that no batch has told of yet.
        var dropped = 0
        /// Whether the loop was asked to come, and has not yet found the inbox empty.
        var isAwake = false
    }

    private let state = Mutex(State())
    private let limits: RedisLimits

    init(limits: RedisLimits) {
        self.limits = limits
    }

    /// Whether a batch would be accepted now.
    var hasRoom: Bool { state.withLock { $0.cost < limits.inboxBytes } }

    /// Adds news about the subscription.
    ///
    /// - Returns: whether the loop must be woken.
    func put(_ event: SubscriptionEvent<Item>) -> Bool {
        state.withLock { state in
            // A loop that is stuck for long needs one figure, not one every two seconds.
            if case .probe = event, case .probe? = state.entries.last,
                state.head < state.entries.count
            {
                state.entries.removeLast()
            }
            state.entries.append(event)
            return Self.wake(&state)
        }
    }

    /// Adds messages, or counts them as dropped if there is no room.
    ///
    /// - Returns: whether the loop must be woken.
    func put(_ batch: consuming SubscriptionBatch<Item>) -> Bool {
        let cost = cost(of: batch)
        var batch = batch
        return state.withLock { state in
            guard state.cost + cost <= limits.inboxBytes || state.cost == 0 else {
                state.dropped += batch.messages + batch.dropped
                return Self.wake(&state)
            }
            state.cost += cost
            batch.dropped += state.dropped
            state.dropped = 0
            if !merge(batch, &state) { state.entries.append(.batch(batch)) }
            return Self.wake(&state)
        }
    }

    /// Takes the oldest entry.
    ///
    /// - Returns: the entry, and whether to come again; `nil` if there is none.
    func take() -> (event: SubscriptionEvent<Item>, isMore: Bool)? {
        state.withLock { state in
            guard state.head < state.entries.count else {
                state.entries.removeAll(keepingCapacity: state.entries.capacity < 64)
                state.head = 0
                state.isAwake = false
                guard state.dropped > 0 else { return nil }
                defer { state.dropped = 0 }
                let lost = SubscriptionBatch<Item>(
                    items: [], messages: 0, bytes: 0, dropped: state.dropped,
                    receivedAt: SteadyClock.shared.now)
                return (.batch(lost), false)
            }
            let event = state.entries[state.head]
            state.entries[state.head] = .probe(roundTrip: 0)  // lets go of the items
            state.head += 1
            if case .batch(let batch) = event { state.cost -= cost(of: batch) }
            if state.head >= 256 {
                state.entries.removeFirst(state.head)
                state.head = 0
            }
            return (event, true)
        }
    }

    private func cost(of batch: SubscriptionBatch<Item>) -> Int {
        batch.bytes + limits.messageOverhead * (batch.messages + batch.items.count)
    }

    /// Joins small batches, so that a busy loop finds few entries.
    private func merge(_ batch: SubscriptionBatch<Item>, _ state: inout State) -> Bool {
        guard state.head < state.entries.count, case .batch(var last)? = state.entries.last,
            last.items.count + batch.items.count <= limits.batchItems,
            last.bytes + batch.bytes <= limits.batchBytes,
            last.messages + batch.messages <= limits.batchItems, batch.dropped == 0
        else { return false }
        state.entries.removeLast()
        last.items.append(contentsOf: batch.items)
        last.messages += batch.messages
        last.bytes += batch.bytes
        last.receivedAt = batch.receivedAt
        state.entries.append(.batch(last))
        return true
    }

    private static func wake(_ state: inout State) -> Bool {
        defer { state.isAwake = true }
        return !state.isAwake
    }
}
