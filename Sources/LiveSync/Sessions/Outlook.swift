/// When a client has to be looked at again: until one of these comes about, nothing is due for it.
///
/// It lets whoever serves many clients look at those only that something may be due for. An
/// acknowledgement may make something due as well; whoever takes it looks at its client anyway.
package struct Outlook: Sendable, Equatable {
    /// When something is due, or may be; `nil` if only a change can make it so.
    package var at: Milliseconds?
    /// Topics whose next change makes something due at once.
    package var topics = TopicSet()

    /// Nothing will ever be due but at a moment.
    package init(at: Milliseconds? = nil) { self.at = at }

    /// Something is, or may be, due at a moment.
    package mutating func look(at moment: Milliseconds) {
        at = min(at ?? moment, moment)
    }
}

/// Some of an engine's topics.
package struct TopicSet: OptionSet, Sendable, Hashable {
    /// One bit a topic, by its number.
    package let rawValue: UInt64

    /// Topics of one engine at most; the last bit is the caller's.
    package static let limit = 63
    /// For something beside the topics that changes as they do, such as a log.
    package static let extra = TopicSet(rawValue: 1 << UInt64(limit))

    /// Topics by their bits.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(number: Int) { self.init(rawValue: 1 << UInt64(number)) }

    /// Visits the number of each.
    package func forEachNumber(_ body: (Int) -> Void) {
        var bits = rawValue
        while bits != 0 {
            body(bits.trailingZeroBitCount)
            bits &= bits - 1
        }
    }
}

extension SyncEngine {
    /// When to look at a client again, after ``next(for:now:)`` had nothing for it.
    ///
    /// It does not know of changes of ``slowsDown``, ``stopsFollowing`` and ``epoch``: after those, look at
    /// all clients.
    package func outlook(for session: SyncSession, now: Milliseconds) -> Outlook {
        var outlook = Outlook()
        for index in session.subscriptions.indices {
            look(at: session.subscriptions[index], now: now, &outlook)
        }
        return outlook
    }

    private func look(at subscription: Subscription, now: Milliseconds, _ outlook: inout Outlook) {
        guard subscription.generation == generation else { return outlook.look(at: now) }
        if let due = dueTime(subscription) { return outlook.look(at: max(due, now)) }
        guard !subscription.isUrgent, subscription.credit.allows(part: false),
            !standsStill(subscription)
        else { return }
        // Not before its time, even if it changes; then a look tells whether it has.
        let next = subscription.lastSentAt + interval(of: subscription)
        if next > now {
            outlook.look(at: next)
        } else {
            outlook.topics.insert(subscription.topic.bit)
        }
    }

    /// Topics that have changed since a revision.
    package func topicsChanged(since revision: Int) -> TopicSet {
        topics.reduce(into: TopicSet()) { changed, topic in
            if topic.changedAt > revision { changed.insert(topic.bit) }
        }
    }
}
