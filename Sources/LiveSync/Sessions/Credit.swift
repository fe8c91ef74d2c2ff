/// How much a client may still be sent before it acknowledges (R45): at most two deltas, or 256 KiB.
///
/// The parts of a snapshot, of a window or of a long delta are limited by bytes alone.
struct Credit {
    private struct Outstanding {
        let revision: Int
        let part: Int
        let bytes: Int
        let isPart: Bool
    }

    /// Entries at most, whatever their size: acknowledging must stay cheap.
    static let entryLimit = 16

    private let limits: SyncLimits
    private var outstanding: [Outstanding] = []
    private(set) var bytes = 0
    /// When the present wait for an acknowledgement began.
    private(set) var waitingSince: Milliseconds = 0

    init(_ limits: SyncLimits) {
        self.limits = limits
    }

    /// True while something is not acknowledged.
    var isWaiting: Bool { !outstanding.isEmpty }

    /// True if another frame may go out.
    ///
    /// - Parameter isPart: it belongs to a series.
    func allows(part isPart: Bool) -> Bool {
        guard bytes < limits.unackedBytes, outstanding.count < Self.entryLimit else { return false }
        return isPart || outstanding.count { !$0.isPart } < limits.unackedFrames
    }

    /// A frame went out.
    mutating func sent(
        revision: Int, part: Int, bytes: Int, isPart: Bool, now: Milliseconds
    ) {
        if outstanding.isEmpty { waitingSince = now }
        outstanding.append(
            Outstanding(revision: revision, part: part, bytes: bytes, isPart: isPart))
        self.bytes += bytes
    }

    /// The client says how far it is.
    ///
    /// With a part, it has applied everything before `revision`, and of the series at `revision` the
    /// parts up to that one. Without, it has applied everything up to `revision`; while a series is still
    /// being sent it cannot mean that, so then it frees one part only.
    mutating func acknowledged(
        revision: Int, part: Int?, isSeriesOpen: Bool = false, now: Milliseconds
    ) {
        var kept: [Outstanding] = []
        var mayFree = true
        for entry in outstanding {
            let isFree: Bool
            if entry.revision != revision {
                isFree = entry.revision < revision
            } else if let part {
                isFree = entry.part <= part
            } else {
                isFree = mayFree
                mayFree = !isSeriesOpen
            }
            if isFree {
                bytes -= entry.bytes
            } else {
                kept.append(entry)
            }
        }
        if kept.count < outstanding.count { waitingSince = now }
        outstanding = kept
    }

    /// What was sent does not count any more: the client starts over.
    mutating func forget() {
        outstanding.removeAll()
        bytes = 0
    }

    /// True if the client owes an acknowledgement for too long.
    func isOverdue(now: Milliseconds) -> Bool {
        isWaiting && now - waitingSince > limits.ackTimeoutMilliseconds
    }
}
