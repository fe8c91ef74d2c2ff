/// Compares what a process says it accepted with the task-started events that were seen.
///
/// `processed` and the event are counted in the same moment in the worker, but the event may be
/// published a batch later than a heartbeat that already counts it. So events are put into the
/// window of the heartbeats they happened between, by the worker's own clock, and a window is
/// closed one heartbeat later.
///
/// Tasks with `send_events=False` are counted in `processed`, and no event ever names them. How many
/// of them ran is in the totals by name of a `stats` answer. A process that has such tasks is
/// measured up to its newest answer: what was hidden until then is taken out of the windows that end
/// before it, and windows behind it wait for the next one.
struct CompletenessMeter: Sendable {
    /// One closed window between two heartbeats.
    struct Window: Sendable {
        /// Gateway time of the closing heartbeat.
        var at: Double
        var expected: Int
        var seen: Int
        /// `processed` at its end.
        var upTo: Int
        /// Whether hidden tasks are taken out of it.
        var isSettled = false
    }

    /// `processed` of a `stats` answer, and how many of them were hidden.
    typealias Totals = (processed: Int, hidden: Int)

    private(set) var windows: [Window] = []
    private var lastProcessed: Int?
    private var lastStamp = -Double.infinity
    /// The window that still waits for late events.
    private var waiting: Window?
    private var seenNow = 0
    private var hides = false
    /// The newest `stats` answer.
    private var totals: Totals?
    /// Windows that begin before this figure began before the first answer: nothing tells what of
    /// them was hidden.
    private var measuredFrom = 0
    /// Hidden tasks that no closed window has room for: they ran after its end.
    private var credit = 0
    /// Windows kept; older ones are merged into the oldest.
    private static var capacity: Int { 128 }

    init() {}

    /// Counts a task-started with the worker's time.
    mutating func noteStarted(at stamp: Double) {
        if stamp <= lastStamp, waiting != nil {
            waiting?.seen += 1
        } else {
            seenNow += 1
        }
    }

    /// Takes the figure of a heartbeat.
    mutating func noteProcessed(_ processed: Int, stamp: Double, now: Double, keep: Double) {
        guard stamp > lastStamp else { return }
        if let lastProcessed, processed >= lastProcessed {
            if var closed = waiting, closed.expected > 0 || closed.seen > 0 {
                closed.at = now
                close(closed)
            }
            let isMeasured = !hides || (totals != nil && lastProcessed >= measuredFrom)
            waiting =
                isMeasured
                ? Window(
                    at: now, expected: processed - lastProcessed, seen: seenNow, upTo: processed)
                : nil
        } else {
            // The first heartbeat, or a process that counts anew: no window ends here.
            waiting = nil
        }
        seenNow = 0
        lastProcessed = processed
        lastStamp = stamp
        windows.removeAll { $0.at < now - keep }
    }

    /// Whether tasks of the process hide their events. Windows from before that was known are worth
    /// nothing.
    mutating func setHiding(_ isHiding: Bool) {
        guard isHiding || hides else { return }
        hides = isHiding
        windows = []
        waiting = nil
        totals = nil
        credit = 0
    }

    /// Takes a `stats` answer: how many tasks the process accepted, and how many of them were hidden.
    mutating func noteTotals(_ new: Totals) {
        guard hides else { return }
        guard let known = totals, new.processed >= known.processed, new.hidden >= known.hidden
        else {
            setHiding(true)
            totals = new
            measuredFrom = new.processed
            return
        }
        totals = new
        credit += new.hidden - known.hidden
        let closedTo = windows.last { $0.upTo <= new.processed }?.upTo ?? measuredFrom
        let behind = max(new.processed - closedTo, 0)
        let taken = settle(
            upTo: new.processed, hidden: credit - reserve(behind, new, since: known))
        // No more can be hidden behind the last window than ran there.
        credit = min(credit - taken, behind)
    }

    /// Takes hidden tasks out of the windows that wait for an answer, out of each in proportion: which
    /// of its tasks were hidden nobody knows, and late events may have been counted for its neighbor.
    ///
    /// - Returns: how many were taken out.
    private mutating func settle(upTo processed: Int, hidden: Int) -> Int {
        let open = windows.indices.filter {
            !windows[$0].isSettled && windows[$0].upTo <= processed
        }
        var expected = open.reduce(0) { $0 + windows[$1].expected }
        var free = min(hidden, expected)
        let all = free
        for place in open {
            let own = windows[place].expected
            let part = expected > 0 ? Double(free) * Double(own) / Double(expected) : 0
            let take = min(Int(part.rounded()), own, free)
            windows[place].expected -= take
            windows[place].isSettled = true
            expected -= own
            free -= take
        }
        return all - free
    }

    /// How much of the credit belongs to tasks that ran behind the last closed window: taken for windows
    /// that are closed, it would hide as many losses there until the next answer.
    private func reserve(_ behind: Int, _ new: Totals, since known: Totals) -> Int {
        let risen = new.processed - known.processed
        guard risen > 0 else { return 0 }
        let share = Double(new.hidden - known.hidden) / Double(risen)
        return min(credit, Int((share * Double(behind)).rounded()))
    }

    /// Starts that should have been seen, and that were, in closed windows.
    var sums: (expected: Int, seen: Int) {
        windows.reduce(into: (0, 0)) { sums, window in
            guard window.isSettled || !hides else { return }
            sums.0 += window.expected
            sums.1 += window.seen
        }
    }

    private mutating func close(_ window: Window) {
        if windows.count >= Self.capacity {
            if windows[0].isSettled == windows[1].isSettled {
                windows[1].expected += windows[0].expected
                windows[1].seen += windows[0].seen
            }
            windows.removeFirst()
        }
        windows.append(window)
    }
}
