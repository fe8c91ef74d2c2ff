internal import DequeModule

/// The fleet's events in their order, the newest ones only: what bots read (R31-R37).
///
/// A ring with offsets that are dense and grow by one, from 1. It knows no reader: each keeps its
/// position and asks for what comes after it, so a slow reader costs nothing, and one that is too slow is
/// told by a gap what it missed. Events that never reached the log leave a mark in it, which takes an
/// offset of its own, so that readers hear of the loss in its place.
package struct EventLog: Sendable {
    /// Some events that came together, or a loss, which takes an offset of its own.
    private struct Entry: Sendable {
        enum Content: Sendable {
            /// Events of the batch from `start` on.
            case events(any EventBatch, start: Int)
            case lost(Int?)
        }

        /// Offset of the first one, and how many there are.
        let first: Int
        let count: Int
        let at: Milliseconds
        let bytes: Int
        let content: Content
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
    /// Offset of the newest event, 0 before the first.
    package private(set) var head = 0
    /// Bytes kept, about.
    package private(set) var bytes = 0
    private var entries = Deque<Entry>()
    /// Under load: what comes meanwhile is told once a second (R48, step 1).
    package var slowsDown = false

    /// Makes an empty log.
    ///
    /// - Parameter epoch: a new random name.
    package init(epoch: String, limits: EventLimits = EventLimits()) {
        self.epoch = epoch
        self.limits = limits
    }

    /// Offset of the oldest event; one more than ``head`` if there is none.
    package var first: Int { entries.first?.first ?? head + 1 }

    /// Events and losses kept.
    package var count: Int { head + 1 - first }

    /// Takes an event.
    package mutating func append(_ event: LoggedEvent, at now: Milliseconds) {
        append(SingleEvent(event), at: now)
    }

    /// Takes events that came together. What it costs does not depend on their number, hardly.
    package mutating func append(_ batch: any EventBatch, at now: Milliseconds) {
        let each = batch.bytes / max(batch.count, 1)
        // In pieces, because a piece is what is let go at a time.
        for start in stride(from: 0, to: batch.count, by: limits.pieceEvents) {
            let count = min(limits.pieceEvents, batch.count - start)
            add(.events(batch, start: start), count: count, bytes: each * count, at: now)
        }
    }

    /// Notes that events did not come.
    ///
    /// - Parameter count: how many; `nil` if nobody can know.
    package mutating func lose(_ count: Int?, at now: Milliseconds) {
        add(.lost(count), count: 1, bytes: 64, at: now)
    }

    private mutating func add(
        _ content: Entry.Content, count: Int, bytes: Int, at now: Milliseconds
    ) {
        entries.append(
            Entry(first: head + 1, count: count, at: now, bytes: bytes, content: content))
        head += count
        self.bytes += bytes
        trim(now: now)
    }

    /// Lets go of what is too old or too much. ``append(_:at:)`` does so, too; call it now and then for a
    /// log that nothing comes to.
    package mutating func trim(now: Milliseconds) {
        while let oldest = entries.first,
            count > limits.entries || bytes > limits.bytes
                || oldest.at + limits.ageMilliseconds < now
        {
            bytes -= oldest.bytes
            entries.removeFirst()
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
    ///   - bytesOf: what an event takes in the batch, to be held against ``EventLimits/batchBytes``.
    package func read(
        after position: Int, _ filter: EventFilter, items: Int,
        size bytesOf: (LoggedEvent) -> Int = { $0.payload.count }
    ) -> Reading {
        var reading = Reading(scanned: position)
        guard position >= first - 1 else {
            reading.gap = missing(after: position, .overflow)
            reading.hasMore = head >= first
            return reading
        }
        var size = 0
        let last = min(head, position + limits.scan)
        var place = entryPlace(of: position + 1)
        while reading.scanned < last, reading.events.count < items, size < limits.batchBytes {
            let entry = entries[place]
            let offset = reading.scanned + 1
            switch entry.content {
            case .events(let batch, let start):
                let event = batch.event(start + offset - entry.first)
                if filter.matches(event) {
                    let bytes = bytesOf(event)
                    if size + bytes > limits.batchBytes, !reading.events.isEmpty {
                        reading.hasMore = true
                        return reading
                    }
                    size += bytes
                    reading.events.append((offset, event))
                }
            case .lost(let count):
                reading.gap = EventGap(from: offset, to: offset, lost: count, reason: .ingestLost)
                reading.hasMore = offset < head
                return reading
            }
            reading.scanned = offset
            if offset + 1 >= entry.first + entry.count { place += 1 }
        }
        reading.hasMore = reading.scanned < head
        return reading
    }

    /// The place of the entry that has an offset; one behind the last for the offset after ``head``.
    private func entryPlace(of offset: Int) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].first + entries[middle].count <= offset {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
