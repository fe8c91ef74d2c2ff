/// One event of the log: what filters look at, and its text as it is sent.
package struct LoggedEvent: Sendable {
    /// Type, such as `task-failed`.
    package let type: String
    /// Who sent it.
    package let source: String
    /// What it is about; `nil` for an event about its source.
    package let subject: String?
    /// Name and queue of what it is about, if known.
    package let name: String?
    package let queue: String?
    /// When it came, unix seconds.
    package let receivedAt: Double
    /// When its source says it happened, unix seconds.
    package let happenedAt: Double
    private let text: Text

    private enum Text: Sendable {
        case written([UInt8])
        case later(any EventBatch, number: Int32)
    }

    /// Makes an event whose text is at hand.
    package init(
        type: String, source: String, subject: String?, name: String?, queue: String?,
        receivedAt: Double, happenedAt: Double, payload: [UInt8]
    ) {
        self.type = type
        self.source = source
        self.subject = subject
        self.name = name
        self.queue = queue
        self.receivedAt = receivedAt
        self.happenedAt = happenedAt
        text = .written(payload)
    }

    /// Makes an event whose text its batch writes when it is asked for.
    ///
    /// - Parameter number: the event's place in the batch.
    package init(
        type: String, source: String, subject: String?, name: String?, queue: String?,
        receivedAt: Double, happenedAt: Double, of batch: any EventBatch, number: Int
    ) {
        self.type = type
        self.source = source
        self.subject = subject
        self.name = name
        self.queue = queue
        self.receivedAt = receivedAt
        self.happenedAt = happenedAt
        text = .later(batch, number: Int32(clamping: number))
    }

    /// The event as JSON text.
    package var payload: [UInt8] {
        switch text {
        case .written(let bytes): bytes
        case .later(let batch, let number): batch.text(of: Int(number))
        }
    }
}

/// Why events are missing (R33).
package enum EventGapReason: String, Sendable, CaseIterable {
    /// The position that was asked for is older than the log.
    case trimmed
    /// The reader fell behind by more than the log holds.
    case overflow
    /// The gateway itself did not get them, or not all.
    case ingestLost = "ingest_lost"
    /// The position belongs to another log: the gateway was started anew.
    case epoch
}

/// Offsets that a reader will never see, said in their place.
package struct EventGap: Sendable, Equatable {
    /// First and last offset of the gap; `to` is `from - 1` if no offset is missing.
    package let from: Int
    package let to: Int
    /// Events lost; `nil` if nobody can know.
    package let lost: Int?
    /// Why.
    package let reason: EventGapReason

    /// Makes a gap.
    package init(from: Int, to: Int, lost: Int?, reason: EventGapReason) {
        self.from = from
        self.to = to
        self.lost = lost
        self.reason = reason
    }
}

/// A place in the log of one epoch: everything up to `offset` has been read.
package struct EventPosition: Sendable, Equatable {
    /// The log's name.
    package let epoch: String
    /// The last offset that was read, 0 before the first.
    package let offset: Int

    /// Makes a position.
    package init(epoch: String, offset: Int) {
        self.epoch = epoch
        self.offset = offset
    }
}

/// Where a reader begins.
package enum EventStart: Sendable, Equatable {
    /// With the next event that comes.
    case now
    /// With the oldest event that is kept.
    case oldest
    /// After what it has read already.
    case after(EventPosition)
}
