/// How long an attempt waited at its worker, and ran.
struct AttemptTimes: Sendable, Equatable {
    /// From the receipt to the start, seconds; `nil` if one of them is not known.
    var wait: Double?
    /// As told, else from the start to the end, seconds; `nil` if neither is known.
    var runtime: Double?
}

extension TaskSlot {
    /// The times of the attempt that a fact is of: a late one may be of an attempt that is shown no more.
    ///
    /// - Parameter fact: one that was merged; `nil` is about the attempt that is shown.
    mutating func times(of fact: TaskFact?, offsets: ClockOffsets) -> AttemptTimes {
        guard !isSimple, let fact else {
            return AttemptTimes(wait: shownWait, runtime: shownRuntime)
        }
        let attempt = AttemptWalk(history, offsets: offsets).attempts.last { $0.has(fact) }
        return attempt.map { AttemptTimes(wait: $0.wait, runtime: $0.shownRuntime) }
            ?? AttemptTimes()
    }

    /// From the receipt to the start; `nil` if a worker's answer is all that tells of the receipt: it does
    /// not say when that was.
    var shownWait: Double? {
        Self.wait(received, started, isDeduced: flags.contains(.softReceived))
    }

    /// Runtime as told, else as the times of one clock say.
    var shownRuntime: Double? { Self.runtime(runtime, started, ended) }

    fileprivate static func wait(_ received: Double, _ started: Double, isDeduced: Bool) -> Double?
    {
        let span = started - received
        return span >= 0 && span.isFinite && !isDeduced ? span : nil
    }

    fileprivate static func runtime(_ told: Double, _ started: Double, _ ended: Double) -> Double? {
        if !told.isNaN { return told }
        let span = ended - started
        return span >= 0 ? span : nil
    }
}

extension AttemptWalk.Attempt {
    /// Whether a start or an end is this attempt's.
    fileprivate func has(_ fact: TaskFact) -> Bool {
        guard host == fact.host else { return false }
        return fact.kind == .started
            ? started == fact.time : end == fact.kind && ended == fact.time
    }

    fileprivate var wait: Double? {
        TaskSlot.wait(received, started, isDeduced: isReceiptDeduced)
    }

    /// Runtime as told, else as the times of one clock say.
    var shownRuntime: Double? { TaskSlot.runtime(runtime, started, ended) }
}
