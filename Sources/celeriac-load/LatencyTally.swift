internal import Histogram

/// Who saw which event when: each client's first sight of each event counts, once.
struct LatencyTally {
    /// Microseconds from publishing to a client's first sight, over all clients and measured events.
    private(set) var histogram = Histogram<UInt64>(
        highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    /// First sights of measured events.
    private(set) var sights = 0
    /// Sights of measured events by clients that had seen them before.
    private(set) var repeats = 0
    private let clients: Int
    /// Microseconds of the measuring clock, by event.
    private var publishedAt: [Int64] = []
    /// The first event that is measured: those before are for warming up.
    private var firstMeasured: Int?
    /// One bit for each event that a client has seen.
    private var seen: [[UInt64]]

    init(clients: Int) {
        self.clients = clients
        seen = Array(repeating: [], count: clients)
    }

    /// Number of the next event.
    var next: Int { publishedAt.count }

    /// Measured events published so far.
    var events: Int { firstMeasured.map { publishedAt.count - $0 } ?? 0 }

    /// First sights if every client sees every event.
    var expected: Int { events * clients }

    /// From now on events are measured.
    mutating func beginMeasuring() {
        firstMeasured = publishedAt.count
    }

    /// The next event is about to be published.
    mutating func willPublish(at moment: Int64) {
        publishedAt.append(moment)
    }

    /// A client has parsed a row of an event.
    mutating func saw(_ event: Int, client: Int, at moment: Int64) {
        guard let firstMeasured, event >= firstMeasured, event < publishedAt.count else { return }
        let place = event - firstMeasured
        let (word, bit) = (place / 64, UInt64(1) << UInt64(place % 64))
        while seen[client].count <= word { seen[client].append(0) }
        guard seen[client][word] & bit == 0 else {
            repeats += 1
            return
        }
        seen[client][word] |= bit
        sights += 1
        histogram.record(UInt64(max(1, moment - publishedAt[event])))
    }
}
