/// How the events of a batch are written.
package enum EventFormat: String, Sendable, Hashable, CaseIterable {
    /// With what the gateway knows beside it: task name, queue.
    case celeriac
    /// As Celery has it.
    case celery
    /// As CloudEvents 1.0 (https://github.com/cloudevents/spec, JSON format).
    case cloudevents
}

/// `events.open`.
package struct EventRequest: Sendable, Equatable {
    /// The client's number for it, unique in its session.
    package var subscription: Int
    /// Where to begin.
    package var start: EventStart
    /// Which events.
    package var filter: EventFilter
    /// How they are written.
    package var format: EventFormat
    /// Events in one batch at most; the usual number if `nil`.
    package var batch: Int?

    /// Makes a request.
    package init(
        subscription: Int, start: EventStart = .now, filter: EventFilter = .everything,
        format: EventFormat = .celeriac, batch: Int? = nil
    ) {
        self.subscription = subscription
        self.start = start
        self.filter = filter
        self.format = format
        self.batch = batch
    }
}

/// One reader of the log: where it is, and how much it may still be sent (R36, R45).
package struct EventReader: Sendable {
    /// What it gets next.
    package enum Outgoing: Sendable {
        /// Events, possibly none: then only how far the log was read.
        case batch(EventLog.Reading, from: Int)
        /// A gap.
        case gap(EventGap)
    }

    /// What it asked for.
    package private(set) var request: EventRequest
    /// Everything up to here was looked at for it.
    package private(set) var position: Int
    /// What it was told last of ``position``.
    private var told: Int
    private var gap: EventGap?
    private var credit: Credit
    private var lastSentAt: Milliseconds = .min / 2
    private var overflows: [Milliseconds] = []
    private let limits: EventLimits

    /// Begins to read.
    ///
    /// - Throws: `badFilter` for a position or a size of batches that cannot be.
    package init(
        _ request: EventRequest, of log: EventLog, sync: SyncLimits = SyncLimits()
    ) throws(SyncError) {
        if let batch = request.batch {
            guard 1...log.limits.batchItems ~= batch else {
                throw SyncError(.badFilter, "a batch has 1 to \(log.limits.batchItems) events")
            }
        }
        self.request = request
        limits = log.limits
        (position, gap) = try log.begin(request.start)
        told = position
        credit = Credit(sync)
    }

    /// When something may be due; `nil` if only an event or an acknowledgement can make it so.
    package func nextDue(of log: EventLog, now: Milliseconds) -> Milliseconds? {
        guard gap == nil else { return now }
        guard credit.allows(part: true), position < log.head || told < position else { return nil }
        guard position < log.head else {
            return max(now, lastSentAt + limits.bookmarkMilliseconds)
        }
        return max(now, lastSentAt + pace(of: log))
    }

    /// Milliseconds between two batches that are not full.
    private func pace(of log: EventLog) -> Milliseconds {
        Milliseconds(1_000 / (log.slowsDown ? limits.slowFrequency : limits.frequency))
    }

    /// What it gets now; the caller sends it and says so with ``sent(bytes:now:)``.
    ///
    /// `nil` if there is nothing to say: then ``nextDue(of:now:)`` has become later, or a turn's share of
    /// the log was looked at.
    ///
    /// - Parameter isMasked: whether its client is told only the length of users' texts.
    package mutating func next(
        of log: EventLog, now: Milliseconds, isMasked: Bool = false
    ) -> Outgoing? {
        if let gap, told == position { return pass(gap, now: now) }
        let from = position
        let format = request.format
        var reading = log.read(
            after: position, request.filter, items: request.batch ?? limits.usualBatchItems,
            size: { $0.frameBytes(as: format, isMasked: isMasked) })
        position = reading.scanned
        gap = reading.gap
        guard reading.events.isEmpty else {
            if reading.hasMore || gap != nil {
                // A full batch does not wait for its time.
                lastSentAt = now - pace(of: log)
            } else {
                lastSentAt = now
            }
            told = position
            return .batch(reading, from: from)
        }
        if let gap, told == position { return pass(gap, now: now) }
        // Before a gap the client must be where the gap begins.
        guard gap != nil || now - lastSentAt >= limits.bookmarkMilliseconds, told < position else {
            return nil
        }
        lastSentAt = now
        told = position
        reading.hasMore = false
        return .batch(reading, from: from)
    }

    private mutating func pass(_ gap: EventGap, now: Milliseconds) -> Outgoing {
        self.gap = nil
        position = gap.to
        told = gap.to
        if gap.reason == .overflow {
            overflows = overflows.filter { now - $0 < limits.overflowMilliseconds } + [now]
        }
        return .gap(gap)
    }

    /// Its client may know of other names and queues from now on; see ``EventFilter/narrowed(names:queues:)``.
    package mutating func narrow(names: [Glob]?, queues: [Glob]?) {
        request.filter = request.filter.narrowed(names: names, queues: queues)
    }

    /// A frame went out.
    package mutating func sent(bytes: Int, now: Milliseconds) {
        credit.sent(revision: position, part: 0, bytes: bytes, isPart: true, now: now)
    }

    /// The client has taken everything up to an offset.
    package mutating func acknowledged(_ offset: Int, now: Milliseconds) {
        credit.acknowledged(revision: offset, part: nil, now: now)
    }

    /// True if the client owes an acknowledgement for ten seconds, or was too slow for the log too often:
    /// close it with 4408 (R36, R45).
    package func isSlow(now: Milliseconds) -> Bool {
        credit.isOverdue(now: now)
            || overflows.count { now - $0 < limits.overflowMilliseconds } >= limits.overflows
    }
}
