internal import DequeModule

/// The fleet's events in their order, the newest ones only: what bots read (R31-R37).
///
/// A ring with offsets that are dense and grow by one, from 1. It knows no reader: each keeps its
/// position and asks for what comes after it, so a slow reader costs nothing, and one that is too slow is
/// told by a gap what it missed. Events that never reached the log leave a mark in it, which takes an
/// offset of its own, so that readers hear of the loss in its place.
package struct EventLog: Sendable {
    private enum Entry: Sendable {
        case event(LoggedEvent)
        case lost(Int?)
    }

    /// What one look at the log gives.
    package struct Reading: Sendable {
        /// The events that match, with their offsets.
        package var events: [(offset: Int, event: LoggedEvent)] = []
        /// Everything up to here was looked at: the reader's next position.
        package var scanned: Int
        /// A gap right after ``scanned``, which is then to be said before going on from its end.
        package var gap: EventGap?
        /// Whether more waits after ``scanned`` and the gap.
        package var hasMore = false
    }

    /// Bounds.
    package let limits: EventLimits
    /// Name of this log.
    package let epoch: String
    /// Offset of the oldest entry; one more than ``head`` if there is none.
    package private(set) var first = 1
    /// Bytes kept, about.
    package private(set) var bytes = 0
    private var entries = Deque<(at: Milliseconds, entry: Entry)>()

    /// Makes an empty log.
    ///
    /// - Parameter epoch: a new random name.
    package init(epoch: String, limits: EventLimits = EventLimits()) {
        self.epoch = epoch
        self.limits = limits
    }

    /// Offset of the newest entry, 0 before the first.
    package var head: Int { first + entries.count - 1 }

    /// Entries kept.
    package var count: Int { entries.count }

    /// Takes an event.
    package mutating func append(_ event: LoggedEvent, at now: Milliseconds) {
        bytes += event.bytes
        entries.append((now, .event(event)))
        trim(now: now)
    }

    /// Notes that events did not come.
    ///
    /// - Parameter count: how many; `nil` if nobody can know.
    package mutating func lose(_ count: Int?, at now: Milliseconds) {
        bytes += Self.markBytes
        entries.append((now, .lost(count)))
        trim(now: now)
    }

    private static let markBytes = 64

    /// Lets go of what is too old or too much. ``append(_:at:)`` does so, too; call it now and then for a
    /// log that nothing comes to.
    package mutating func trim(now: Milliseconds) {
        while let oldest = entries.first,
            entries.count > limits.entries || bytes > limits.bytes
                || oldest.at + limits.ageMilliseconds < now
        {
            bytes -= Self.bytes(of: oldest.entry)
            entries.removeFirst()
            first += 1
        }
    }

    private static func bytes(of entry: Entry) -> Int {
        switch entry {
        case .event(let event): event.bytes
        case .lost: markBytes
        }
    }

    /// Where a reader begins, and the gap that it must be told first.
    ///
    /// - Throws: `badFilter` for a position that this log has not reached.
    package func begin(
        _ start: EventStart
    ) throws(SyncError) -> (position: Int, gap: EventGap?) {
        switch start {
        case .now: return (head, nil)
        case .oldest: return (first - 1, nil)
        case .after(let position) where position.epoch != epoch:
            return (
                first - 1, EventGap(from: 1, to: first - 1, lost: nil, reason: .epoch)
            )
        case .after(let position):
            guard 0...head ~= position.offset else {
                throw SyncError(
                    .badFilter, "offset \(position.offset) is beyond the log's end, \(head)")
            }
            guard position.offset < first - 1 else { return (position.offset, nil) }
            return (first - 1, missing(after: position.offset, .trimmed))
        }
    }

    private func missing(after position: Int, _ reason: EventGapReason) -> EventGap {
        EventGap(from: position + 1, to: first - 1, lost: first - 1 - position, reason: reason)
    }

    /// What comes after a position, up to a gap, the limits of one batch, or the head.
    ///
    /// - Parameters:
    ///   - position: 0 ... ``head``; one before ``first`` gives an `overflow` gap.
    ///   - items: events at most.
    package func read(after position: Int, _ filter: EventFilter, items: Int) -> Reading {
        var reading = Reading(scanned: position)
        guard position >= first - 1 else {
            reading.gap = missing(after: position, .overflow)
            reading.hasMore = head >= first
            return reading
        }
        var size = 0
        let last = min(head, position + limits.scan)
        while reading.scanned < last, reading.events.count < items, size < limits.batchBytes {
            switch entries[reading.scanned + 1 - first].entry {
            case .event(let event):
                if filter.matches(event) {
                    let full = size + event.payload.count > limits.batchBytes
                    if full, !reading.events.isEmpty {
                        reading.hasMore = true
                        return reading
                    }
                    size += event.payload.count
                    reading.events.append((reading.scanned + 1, event))
                }
            case .lost(let count):
                let place = reading.scanned + 1
                reading.gap = EventGap(from: place, to: place, lost: count, reason: .ingestLost)
                reading.hasMore = place < head
                return reading
            }
            reading.scanned += 1
        }
        reading.hasMore = reading.scanned < head
        return reading
    }
}
