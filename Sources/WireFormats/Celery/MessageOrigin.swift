package import Fleet

/// How a message was routed.
package struct MessageOrigin: Sendable, Hashable {
    /// Exchange it was sent to; empty: straight to a queue.
    package var exchange: String
    /// Routing key: the queue's name if the exchange is empty.
    package var routingKey: String

    /// Makes an origin.
    package init(exchange: String, routingKey: String) {
        self.exchange = exchange
        self.routingKey = routingKey
    }

    /// The queues that such a message goes to.
    ///
    /// - Parameter bindings: those of all exchanges.
    package func queues(by bindings: [QueueBinding]) -> Set<String> {
        guard !exchange.isEmpty else { return [routingKey] }
        return Set(
            bindings.lazy.filter { $0.exchange == exchange && $0.takes(routingKey) }.map(\.queue))
    }
}

extension QueueBinding {
    /// Whether a message to its exchange goes to its queue.
    package func takes(_ key: String) -> Bool {
        pattern.isEmpty ? routingKey == key : QueueKeys.topic(routingKey, takes: key)
    }
}

/// Messages that workers hold, by queue.
package struct UnackedCounts: Sendable, Equatable {
    private var counts: [String: Int] = [:]
    /// Queues whose messages cannot be told from those of others: they share an exchange and a key.
    private var uncountable: Set<String> = []

    /// Counts.
    ///
    /// - Parameters:
    ///   - origins: how many messages were routed how.
    ///   - bindings: those of all exchanges.
    package init(_ origins: [MessageOrigin: Int], bindings: [QueueBinding]) {
        for (origin, count) in origins {
            let queues = origin.queues(by: bindings)
            guard queues.count == 1, let queue = queues.first else {
                uncountable.formUnion(queues)
                continue
            }
            counts[queue, default: 0] += count
        }
    }

    /// Messages of a queue; `nil` if that cannot be told.
    package subscript(queue: String) -> Int? {
        uncountable.contains(queue) ? nil : counts[queue] ?? 0
    }
}
