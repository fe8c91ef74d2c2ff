/// Tells which fact belongs to which attempt, by going through the facts in order.
///
/// Only sent and received say the number of the retry; all others are given to an attempt of the
/// same worker that is far enough. What Celery really does (order of events, repetition, silence)
/// was measured; the cases are in `TaskOdditiesTests`.
struct AttemptWalk: Sendable {
    /// An attempt while it is put together.
    struct Attempt: Sendable {
        /// -1 while unknown.
        var retries: Int
        var sent = Double.nan
        var received = Double.nan
        /// Whether a worker's answer is all that tells of the receipt.
        var isReceiptDeduced = false
        var started = Double.nan
        var ended = Double.nan
        var custom = Double.nan
        /// When it began to run, on our clock; its end, if no start was told; NaN if it did not run.
        var begun = Double.nan
        var runtime = Double.nan
        var host: UInt32 = 0
        var pid: Int32 = 0
        var end: TaskFact.Kind = .none
        var endFlags: TaskFact.Flags = []
        var customCode: StateCode = .pending
        var text: String?
        var superseded = false

        var isOpen: Bool { end == .none }
        var isRunning: Bool { isOpen && (!started.isNaN || !custom.isNaN) }
        /// Whether the end came so shortly before a fact of the same worker that the two readings
        /// of its clock may be in the wrong order.
        func hasJustEnded(before fact: TaskFact) -> Bool {
            !isOpen && host == fact.host && ended + TaskSlot.slack >= fact.time
        }
        var state: StateCode {
            if end != .none { return StateCode(end: end) }
            if !custom.isNaN { return customCode }
            if !started.isNaN { return .started }
            return received.isNaN ? .pending : .received
        }
    }

    private(set) var attempts: [Attempt] = []

    /// Walks through facts that are in order.
    init(_ facts: [TaskFact], offsets: ClockOffsets) {
        for fact in facts {
            let time = fact.time - (offsets[fact.host] ?? 0)
            switch fact.kind {
            case .none: break
            case .sent: addSent(fact)
            case .received: addReceived(fact)
            case .started: addStarted(fact, at: time)
            case .custom: addCustom(fact, at: time)
            default: addEnd(fact, at: time)
            }
        }
        markSuperseded()
    }

    private mutating func addSent(_ fact: TaskFact) {
        let retries = Int(fact.retries)
        let place = attempts.firstIndex { $0.retries == retries && $0.sent.isNaN }
        if let place {
            attempts[place].sent = fact.time
        } else {
            attempts.append(Attempt(retries: retries, sent: fact.time))
        }
    }

    private mutating func addReceived(_ fact: TaskFact) {
        let retries = Int(fact.retries)
        let place =
            attempts.firstIndex {
                $0.isOpen && $0.received.isNaN && ($0.retries == retries || $0.retries < 0)
                    && ($0.host == 0 || $0.host == fact.host)
            }
            ?? attempts.firstIndex {
                $0.hasJustEnded(before: fact) && $0.received.isNaN
                    && ($0.retries == retries || $0.retries < 0)
            }
        let index = place ?? append(retries: retries)
        attempts[index].retries = retries
        attempts[index].received = fact.time
        attempts[index].isReceiptDeduced = fact.flags.contains(.soft)
        attempts[index].host = fact.host
        attempts[index].pid = fact.pid
    }

    private mutating func addStarted(_ fact: TaskFact, at time: Double) {
        let place: Int? =
            attempts.firstIndex { $0.isOpen && $0.started.isNaN && $0.host == fact.host }
            ?? attempts.lastIndex { $0.isOpen && $0.started.isNaN && $0.host == 0 }
            ?? attempts.firstIndex { $0.hasJustEnded(before: fact) && $0.started.isNaN }
        let index = place ?? append(retries: nextRetries)
        attempts[index].started = fact.time
        attempts[index].begun = time
        attempts[index].host = fact.host
        attempts[index].pid = fact.pid
    }

    private mutating func addCustom(_ fact: TaskFact, at time: Double) {
        let place =
            attempts.lastIndex { $0.isRunning && (fact.host == 0 || $0.host == fact.host) }
            ?? attempts.lastIndex { $0.isOpen && (fact.host == 0 || $0.host == fact.host) }
            ?? attempts.lastIndex { fact.host == 0 || $0.host == fact.host }
        let index = place ?? append(retries: nextRetries)
        attempts[index].custom = fact.time
        attempts[index].customCode = fact.code
        if attempts[index].begun.isNaN { attempts[index].begun = time }
        if attempts[index].host == 0 { attempts[index].host = fact.host }
    }

    private mutating func addEnd(_ fact: TaskFact, at time: Double) {
        guard let index = attemptToEnd(fact) else {
            // A second end (time limit fails twice, gevent succeeds after a terminate, Reject
            // fails first): the first end of an attempt is final.
            guard attempts.isEmpty || !attempts.contains(where: { $0.host == fact.host }) else {
                return
            }
            let index = append(retries: nextRetries)
            finish(index, fact, at: time)
            return
        }
        finish(index, fact, at: time)
    }

    private mutating func finish(_ index: Int, _ fact: TaskFact, at time: Double) {
        // What was revoked or put back before its start did not run.
        if attempts[index].begun.isNaN, fact.kind == .succeeded || fact.kind == .failed {
            attempts[index].begun = time
        }
        attempts[index].ended = fact.time
        attempts[index].end = fact.kind
        attempts[index].endFlags = fact.flags
        attempts[index].runtime = fact.runtime
        attempts[index].text = fact.text
        attempts[index].host = fact.host
        attempts[index].pid = fact.pid
    }

    /// The open attempt on the fact's worker that the end fits best.
    private func attemptToEnd(_ fact: TaskFact) -> Int? {
        let here = attempts.indices.filter { attempts[$0].isOpen && attempts[$0].host == fact.host }
        let running = here.filter { attempts[$0].isRunning }
        let waiting = here.filter { !attempts[$0].isRunning }
        let unclaimed = attempts.lastIndex { $0.isOpen && $0.host == 0 }
        switch fact.kind {
        case .retried:
            // The next attempt is received, and may even start, before this event.
            let overtaken = running.first { index in
                attempts.contains { $0.retries == attempts[index].retries + 1 }
            }
            return overtaken ?? running.last ?? waiting.first ?? unclaimed
        case .rejected where fact.flags.contains(.requeue):
            // What was put back may be received again, and even start, before this event is sent.
            let overtaken = running.dropLast().last
            guard let overtaken, let last = running.last else {
                return running.last ?? waiting.last ?? unclaimed
            }
            return attempts[last].started + TaskSlot.slack >= fact.time ? overtaken : last
        case .revoked where !fact.flags.contains(.terminated):
            // Expired or revoked before the start.
            return waiting.last ?? running.last ?? unclaimed
        default:
            return running.last ?? waiting.last ?? unclaimed
        }
    }

    private mutating func append(retries: Int) -> Int {
        attempts.append(Attempt(retries: retries))
        return attempts.count - 1
    }

    /// The number of an attempt whose receipt was not seen.
    private var nextRetries: Int {
        guard let last = attempts.last else { return -1 }
        return last.end == .retried ? last.retries + 1 : last.retries
    }

    /// A run without an end, whose worker then took the task again, will never tell its end.
    private mutating func markSuperseded() {
        guard attempts.count > 1 else { return }
        for index in attempts.indices.dropLast() where attempts[index].isRunning {
            attempts[index].superseded = attempts[(index + 1)...].contains {
                $0.host == attempts[index].host && !($0.started.isNaN && $0.end == .none)
            }
        }
    }

    /// The attempt that the record shows: of the highest retry, the newest delivery; one that did not
    /// run gives way to one that runs, and one that is over to a run that began after it.
    ///
    /// So a run that was heard of last wins over the end of an older copy; and where a later copy
    /// ended, a first one that never told its end (its worker died, or it still runs) does not
    /// hold the record in STARTED.
    var current: Attempt? {
        guard let highest = attempts.map(\.retries).max() else { return nil }
        let all = attempts.filter { $0.retries == highest }
        let candidates = all.filter { !$0.superseded }
        guard let newest = candidates.last ?? all.last else { return nil }
        guard let running = candidates.filter(\.isRunning).max(by: { $0.begun < $1.begun }) else {
            return newest.begun.isNaN ? candidates.last { $0.isOpen } ?? newest : newest
        }
        return newest.begun > running.begun ? newest : running
    }

    /// How often each thing happened.
    var counts: FactCounts {
        var counts = FactCounts()
        for attempt in attempts {
            if !attempt.received.isNaN { counts.received &+= 1 }
            if !attempt.started.isNaN { counts.started &+= 1 }
            counts.count(end: attempt.end)
        }
        return counts
    }

    /// Attempts that reached a worker.
    var deliveries: Int { attempts.count { $0.host != 0 } }

    /// Deliveries beyond the first of each retry.
    var redelivered: Int {
        max(deliveries - Set(attempts.lazy.filter { $0.host != 0 }.map(\.retries)).count, 0)
    }
}
