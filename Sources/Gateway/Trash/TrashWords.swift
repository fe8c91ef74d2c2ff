internal import Fleet
internal import WireFormats

/// Sentences about purges: what was removed, what can be done about it, and what was not touched.
enum TrashWords {
    /// `7 messages removed (priority 0: 2, 3: 5)`.
    ///
    /// - Parameter steps: the priority steps that are counted.
    static func messages(_ counts: [Int], _ verb: String, steps: [Int]) -> String {
        let total = counts.reduce(0, +)
        let text = "\(total) \(total == 1 ? "message" : "messages") \(verb)"
        let parts = zip(steps, counts).filter { $0.1 > 0 }
        guard !parts.isEmpty else { return text }
        return text + " (priority " + parts.map { "\($0): \($1)" }.joined(separator: ", ") + ")"
    }

    /// Until when what can be restored by which id.
    static func kept(_ id: String, until: Double) -> String {
        "trash \(id): queue.restore puts it back until \(IsoTime.text(until.rounded(.down)))"
    }

    /// What a purge leaves alone: messages that workers hold, and those on lists of other priorities.
    ///
    /// - Parameter queue: what is known of it; `nil` if nothing is.
    static func untouched(_ queue: QueueRecord?) -> [String] {
        guard let queue else {
            return ["not touched: what workers hold of it; the queue was not known before"]
        }
        var told: [String] = []
        let held = [
            count(queue.active, "runs", "run"),
            count(queue.reserved, "is reserved", "are reserved"),
            count(queue.scheduled, "waits for its time", "wait for their time"),
        ].compactMap { $0 }
        let tasks = held.isEmpty ? "no task is known to be held" : held.joined(separator: ", ")
        switch queue.unacked {
        case nil: told.append("not touched: messages that workers hold, not counted; \(tasks)")
        case 0 where held.isEmpty: told.append("not touched: nothing; no worker holds a message")
        case let unacked?:
            told.append(
                "not touched: \(unacked) unacknowledged, which workers hold; \(tasks)")
        }
        if let others = queue.unreachable, others > 0 {
            told.append(
                "not touched: \(others) on lists of other priorities, which no worker reads")
        }
        return told
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String? {
        number == 0 ? nil : "\(number) \(number == 1 ? one : many)"
    }
}
