/// A position in an epoch, as a client remembers it (R15).
package struct SyncPosition: Sendable, Equatable {
    /// The epoch it belongs to.
    package let epoch: String
    /// The revision.
    package let revision: Int

    /// Makes a position.
    package init(epoch: String, revision: Int) {
        self.epoch = epoch
        self.revision = revision
    }
}

/// `sub.open`: a whole topic.
package struct SubscriptionRequest: Sendable, Equatable {
    /// The client's number for it, unique in its session.
    package var subscription: Int
    /// Name of the topic.
    package var topic: String
    /// What of it.
    package var filter: FilterExpression?
    /// What the client has already.
    package var since: SyncPosition?
    /// Most deltas a second the client wants.
    package var frequency: Double?

    /// Makes a request.
    package init(
        subscription: Int, topic: String, filter: FilterExpression? = nil,
        since: SyncPosition? = nil, frequency: Double? = nil
    ) {
        self.subscription = subscription
        self.topic = topic
        self.filter = filter
        self.since = since
        self.frequency = frequency
    }
}

/// How a subscription begins: the answer to `sub.open`.
package enum SubscriptionStart: Sendable, Equatable {
    /// With what changed since the client's position.
    case delta
    /// With all rows, and why.
    case snapshot(ResetReason)
}

/// How a window follows its order (R22).
package enum WindowMode: String, Sendable, Hashable, CaseIterable {
    /// The rows are chosen once; they change in place and are marked when they leave.
    case pinned
    /// Always the first rows of the order.
    case follow
}

/// `view.open`: a window over a topic of kind ``TopicSchema/Kind/windows``.
package struct ViewRequest: Sendable, Equatable {
    /// The client's number for it, unique in its session.
    package var subscription: Int
    /// Name of the topic.
    package var topic: String
    /// Which rows.
    package var filter: FilterExpression?
    /// Name of the column to sort by; the topic's first if `nil`.
    package var order: String?
    /// Greatest first.
    package var descending: Bool
    /// Rows, at most 200.
    package var limit: Int
    /// Place to start after; `nil` for the first rows.
    package var after: SortBound?
    /// Pinned or follow.
    package var mode: WindowMode
    /// Most deltas a second the client wants.
    package var frequency: Double?

    /// Makes a request.
    package init(
        subscription: Int, topic: String, filter: FilterExpression? = nil, order: String? = nil,
        descending: Bool = true, limit: Int = 50, after: SortBound? = nil,
        mode: WindowMode = .pinned, frequency: Double? = nil
    ) {
        self.subscription = subscription
        self.topic = topic
        self.filter = filter
        self.order = order
        self.descending = descending
        self.limit = limit
        self.after = after
        self.mode = mode
        self.frequency = frequency
    }
}

/// One acknowledgement of `sub.ack` (R45).
package struct Acknowledgement: Sendable, Equatable {
    /// The subscription's number.
    package let subscription: Int
    /// `to` of a delta, or `at` of a snapshot.
    package let revision: Int
    /// The part of a series, if the client says which.
    package let part: Int?

    /// Makes an acknowledgement.
    package init(subscription: Int, revision: Int, part: Int? = nil) {
        self.subscription = subscription
        self.revision = revision
        self.part = part
    }
}
