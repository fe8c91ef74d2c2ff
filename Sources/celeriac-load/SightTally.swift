internal import Histogram

/// How late clients see what workers told: each client's first sight of each time in a task's row counts.
struct SightTally {
    /// What a worker told of a task, by the field that holds the worker's time of it.
    enum Fact: String, CaseIterable {
        case received, started, finished
    }

    /// Microseconds from the worker's own time of the event to a client's first sight of it.
    private(set) var histograms = Fact.allCases.map { _ in
        Histogram<UInt64>(
            highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    }
    /// Tasks that were received in the span that is measured.
    private(set) var tasks = 0
    /// First sights of each fact.
    private(set) var sights = Fact.allCases.map { _ in 0 }

    /// Unix seconds of the worker.
    private let span: ClosedRange<Double>
    private let clients: Int
    /// Whether a task is measured, by its row's handle.
    private var isMeasured: [Int64: Bool] = [:]
    /// One bit for each fact that a client has seen, by handle.
    private var seen: [[Int64: UInt8]]

    init(clients: Int, span: ClosedRange<Double>) {
        self.clients = clients
        self.span = span
        seen = Array(repeating: [:], count: clients)
    }

    /// First sights of each fact if every client sees it of every task.
    var expected: Int { tasks * clients }

    /// Facts that some client never saw.
    var missing: Int { sights.reduce(0) { $0 + expected - $1 } }

    /// A client has parsed a time in the row of a handle.
    ///
    /// - Parameters:
    ///   - time: the worker's, unix seconds.
    ///   - moment: unix seconds when it was parsed.
    mutating func saw(
        _ fact: Fact, at time: Double, of handle: Int64, client: Int, moment: Double
    ) {
        if fact == .received, isMeasured[handle] == nil {
            let counts = span.contains(time)
            isMeasured[handle] = counts
            tasks += counts ? 1 : 0
        }
        guard isMeasured[handle] == true, let place = Fact.allCases.firstIndex(of: fact) else {
            return
        }
        let bit = UInt8(1) << UInt8(place)
        guard seen[client][handle, default: 0] & bit == 0 else { return }
        seen[client][handle, default: 0] |= bit
        sights[place] += 1
        histograms[place].record(UInt64(max(1, (moment - time) * 1_000_000)))
    }
}
