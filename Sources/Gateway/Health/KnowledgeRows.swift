internal import EventLoop
internal import Fleet
internal import LiveSync

/// Rows of topic `health` that say how much of the fleet is seen: the completeness of each worker
/// process, the workers that left, and the messages that are followed to their redelivery.
@LoopActor
final class KnowledgeRows {
    /// Processes shown at a time: of more, the least complete ones.
    static let processLimit = 1_000

    private let rows: Rows
    private var processes: Set<String> = []
    private var traces: Set<String> = []

    init(_ rows: Rows) {
        self.rows = rows
    }

    /// Writes the rows; call it about once a second.
    func publish(_ fleet: borrowing FleetState) {
        let window = fleet.limits.completenessSeconds
        rows.setHealth("completeness", ["window": .double(window)])
        var shown: Set<String> = []
        for process in fleet.measuredProcesses(limit: Self.processLimit) {
            let id = "completeness:\(process.worker):\(process.pid)"
            shown.insert(id)
            rows.setHealth(
                id,
                [
                    "worker": .text(process.worker), "pid": .int(process.pid),
                    "overall": .double((process.share * 10_000).rounded() / 10_000),
                    "seen": .int(process.seen), "expected": .int(process.expected),
                    "window": .double(window),
                ])
        }
        replace(&processes, with: shown)
        shown = []
        for trace in fleet.traces {
            let id = "left:\(trace.id)"
            shown.insert(id)
            guard !traces.contains(id) else { continue }
            rows.setHealth(
                id,
                [
                    "worker": .text(trace.name), "pid": FieldValue(trace.pid),
                    "lastSeen": .double((trace.lastSeen * 1000).rounded() / 1000),
                    "leftAt": .double((trace.leftAt * 1000).rounded() / 1000),
                    "reason": .text(trace.reason),
                ])
        }
        replace(&traces, with: shown)
        guard let held = fleet.heldTotal else { return }
        rows.setHealth("held", ["held": .int(held), "followed": .int(fleet.heldFollowed)])
    }

    private func replace(_ known: inout Set<String>, with shown: Set<String>) {
        for id in known.subtracting(shown) { rows.engine.remove(rows.health, id: id) }
        known = shown
    }
}
