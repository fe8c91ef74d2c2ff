/// Compares what a process says it accepted with the task-started events that were seen.
///
/// `processed` and the event are counted in the same moment in the worker, but the event may be
/// published a batch later than a heartbeat that already counts it. So events are put into the
/// window of the heartbeats they happened between, by the worker's own clock, and a window is
/// closed one heartbeat later.
///
/// Tasks with `send_events=False` are counted in `processed`, and no event ever names them. How many
/// of them ran is only in the totals by name of a `stats` answer. A process that has such tasks is
/// measured from answer to answer instead: what it accepted less what it hid, and the starts between
/// them by the logical clock, which the answer and every event carry.
struct CompletenessMeter: Sendable {
    /// One closed window between two heartbeats.
    struct Window: Sendable {
        /// Gateway time of the closing heartbeat.
        var at: Double
        var expected: Int
        var seen: Int
    }

    private(set) var windows: [Window] = []
    private var lastProcessed: Int?
    private var lastStamp = -Double.infinity
    /// The window that still waits for late events.
    private var waiting: (expected: Int, seen: Int)?
    private var seenNow = 0
    /// Windows kept; older ones are merged into the oldest.
    private static var capacity: Int { 128 }

    init() {}

    /// Counts a task-started with the worker's time. What came before the first figure is not measured.
    mutating func noteStarted(at stamp: Double) {
        if stamp <= lastStamp {
            waiting?.seen += 1
        } else {
            seenNow += 1
        }
    }

    /// Takes the figure of a heartbeat, or of an answer.
    mutating func noteProcessed(_ processed: Int, stamp: Double, now: Double, keep: Double) {
        guard stamp > lastStamp else { return }
        if let lastProcessed, processed >= lastProcessed {
            if let waiting, waiting.expected > 0 || waiting.seen > 0 {
                close(Window(at: now, expected: waiting.expected, seen: waiting.seen))
            }
            waiting = (processed - lastProcessed, seenNow)
        } else {
            // The first heartbeat, or a process that counts anew: no window ends here.
            waiting = nil
        }
        seenNow = 0
        lastProcessed = processed
        lastStamp = stamp
        windows.removeAll { $0.at < now - keep }
    }

    /// Starts that should have been seen, and that were, in closed windows.
    var sums: (expected: Int, seen: Int) {
        windows.reduce(into: (0, 0)) { sums, window in
            sums.0 += window.expected
            sums.1 += window.seen
        }
    }

    private mutating func close(_ window: Window) {
        if windows.count >= Self.capacity {
            windows[1].expected += windows[0].expected
            windows[1].seen += windows[0].seen
            windows.removeFirst()
        }
        windows.append(window)
    }
}
