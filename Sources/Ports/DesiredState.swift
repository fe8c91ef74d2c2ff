/// What must hold from the moment on in which a command is recorded, and is stored with it: whatever
/// happens to workers and gateway, it is asserted again.
package struct DesiredState: Sendable, Equatable {
    /// What must be told to workers that appear later.
    package var revokes: [OpenRevoke]
    /// Likewise, by stamp.
    package var stamps: [OpenStampRevoke]
    /// Messages that are put aside and can be put back.
    package var trash: TrashRecord?
    /// A queue that is to stay without consumers.
    package var pause: PausedQueue?
    /// A paused queue that is to be consumed again.
    package var resume: ResumedQueue?

    /// Makes a set.
    package init(
        revokes: [OpenRevoke] = [], stamps: [OpenStampRevoke] = [], trash: TrashRecord? = nil,
        pause: PausedQueue? = nil, resume: ResumedQueue? = nil
    ) {
        self.revokes = revokes
        self.stamps = stamps
        self.trash = trash
        self.pause = pause
        self.resume = resume
    }
}

/// A queue that is to stay without consumers, asserted again when a worker appears.
package struct PausedQueue: Sendable, Equatable {
    /// Its name.
    package var queue: String
    /// The ``Principal/name`` of who paused it.
    package var by: String
    /// When, unix seconds.
    package var at: Double
    /// When it is to be resumed, unix seconds; `nil` if by hand only.
    package var resumeAt: Double?
    /// Why, in the words of who paused it.
    package var reason: String?
    /// When it was resumed, unix seconds: from then on its consumers are to consume it again. `nil` while
    /// it is paused.
    package var resumedAt: Double?
    /// Who would consume it, by name.
    package var consumers: [PausedConsumer]

    /// Makes a row.
    package init(
        queue: String, by: String, at: Double, resumeAt: Double? = nil, reason: String? = nil,
        resumedAt: Double? = nil, consumers: [PausedConsumer] = []
    ) {
        self.queue = queue
        self.by = by
        self.at = at
        self.resumeAt = resumeAt
        self.reason = reason
        self.resumedAt = resumedAt
        self.consumers = consumers
    }
}

/// A worker that would consume a paused queue, and how: what `add_consumer` needs to give it back.
package struct PausedConsumer: Sendable, Equatable {
    /// Its node name.
    package var worker: String
    /// Name of the exchange; `nil` for the queue's name.
    package var exchange: String?
    /// `direct`, `topic` or `fanout`; `nil` for direct.
    package var exchangeType: String?
    /// `nil` for the queue's name.
    package var routingKey: String?

    /// Makes a consumer.
    package init(
        worker: String, exchange: String? = nil, exchangeType: String? = nil,
        routingKey: String? = nil
    ) {
        self.worker = worker
        self.exchange = exchange
        self.exchangeType = exchangeType
        self.routingKey = routingKey
    }
}

/// A paused queue that is to be consumed again.
package struct ResumedQueue: Sendable, Equatable {
    /// Its name.
    package var queue: String
    /// When, unix seconds.
    package var at: Double

    /// Makes a row.
    package init(queue: String, at: Double) {
        self.queue = queue
        self.at = at
    }
}
