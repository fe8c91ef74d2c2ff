/// A queue as a worker describes it in `active_queues`.
package struct ConsumedQueue: Sendable, Equatable {
    package var name: String
    package var exchange: String?
    /// `direct`, `topic`, `fanout`.
    package var exchangeType: String?
    package var routingKey: String?

    package init(
        name: String, exchange: String? = nil, exchangeType: String? = nil,
        routingKey: String? = nil
    ) {
        self.name = name
        self.exchange = exchange
        self.exchangeType = exchangeType
        self.routingKey = routingKey
    }
}

/// A member of `_kombu.binding.<exchange>`.
package struct QueueBinding: Sendable, Equatable {
    package var exchange: String
    package var routingKey: String
    /// kombu's regular expression of a topic binding; empty otherwise.
    package var pattern: String
    package var queue: String

    package init(exchange: String, routingKey: String, pattern: String, queue: String) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.pattern = pattern
        self.queue = queue
    }
}

/// What the broker's keys say about one queue.
package struct QueueDepth: Sendable, Equatable {
    package var name: String
    /// Lengths of the keys of the priority steps, in the order of `FleetLimits.prioritySteps`.
    package var steps: [Int]
    /// Messages on keys of this queue that no consumer reads.
    package var unreachable: Int?
    /// Entries of `unacked` that came from this queue; `nil` if not counted.
    package var unacked: Int?

    package init(name: String, steps: [Int], unreachable: Int? = nil, unacked: Int? = nil) {
        self.name = name
        self.steps = steps
        self.unreachable = unreachable
        self.unacked = unacked
    }
}
