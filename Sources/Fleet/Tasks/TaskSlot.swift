/// One task in the store: compact, strings shared with the event that brought them.
///
/// Nearly every task is *simple*: at most one sent, received, started and end, all of the worker's
/// from one process and in order. Then the fields below are the facts themselves, and merging is
/// filling a field. As soon as the set of facts is more than that (a retry, a second delivery,
/// clocks that disagree), `history` holds all facts in order and the fields are derived from them
/// (`AttemptWalk`). Both ways are functions of the set of facts alone.
struct TaskSlot: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt16
        static let alive = Flags(rawValue: 1)
        /// In the list of changes.
        static let listed = Flags(rawValue: 2)
        /// Has been reported by `takeChanges`.
        static let published = Flags(rawValue: 4)
        static let stale = Flags(rawValue: 8)
        /// Exchange is "" and the routing key is the queue's name.
        static let plainRoute = Flags(rawValue: 16)
        /// The queue was not told, but follows from what its worker consumes.
        static let queueInferred = Flags(rawValue: 32)
        static let softReceived = Flags(rawValue: 64)
        static let softStarted = Flags(rawValue: 128)
        static let hasParentLink = Flags(rawValue: 256)
        /// The eta is further away than the visibility timeout.
        static let longETA = Flags(rawValue: 512)
        /// A worker said that it is revoked.
        static let toldRevoked = Flags(rawValue: 1_024)
        /// It is the root of its workflow itself.
        static let ownRoot = Flags(rawValue: 2_048)
    }

    var id: String
    var name: String?
    /// Node name of the current attempt's worker.
    var worker: String?
    var queue: String?
    var args: String?
    var kwargs: String?
    /// Result or exception of the current attempt.
    var text: String?
    /// Empty, or one: an array, because it is the one box with value semantics.
    private var extras: [TaskExtra] = []
    /// The same, for those who belong to a workflow.
    private var families: [TaskFamily] = []
    /// Empty while simple, else every fact in order.
    var history: [TaskFact] = []

    /// Gateway time of the first and the newest sign.
    var seen: Double
    var touched: Double
    /// Sender's clocks; NaN = not known.
    var sent = Double.nan
    var received = Double.nan
    var started = Double.nan
    var ended = Double.nan
    var runtime = Double.nan
    var custom = Double.nan
    /// Which description (name, args, eta …) is held: retries and source, then time.
    var describedAt = -Double.infinity
    var describedRank: Int32 = -1

    /// Hash of `worker` and of the publisher.
    var host: UInt32 = 0
    var sentHost: UInt32 = 0
    /// Worker's main process.
    var pid: Int32 = 0
    /// Numbers in the tables, -1 = none.
    var workerIndex: Int32 = -1
    var queueIndex: Int32 = -1
    /// Neighbors in the list of open or of finished tasks.
    var previous: Int32 = -1
    var next: Int32 = -1
    var firstChild: Int32 = -1
    var bytes: Int32 = 0
    var nameIndex = NameTable.none
    /// Where `TaskLoads` counts it.
    var load = TaskLoads.unknown
    var flags: Flags = [.alive]
    var retries: UInt16 = 0
    var redelivered: UInt16 = 0
    /// Ends that the fleet's rate has counted.
    var ratedEnds: UInt16 = 0
    /// Tells the records apart that stand in this place one after the other.
    var life: UInt16 = 0
    var counts = FactCounts()
    var state: StateCode = .pending
    var customCode: StateCode = .pending
    var end: TaskFact.Kind = .none
    var endFlags: TaskFact.Flags = []
    var priority: Int8 = -1

    init(id: String, seen: Double) {
        self.id = id
        self.seen = seen
        self.touched = seen
    }

    /// The rare fields; reading makes no box.
    var extra: TaskExtra? { extras.first }

    /// Changes the rare fields in place.
    mutating func withExtra<T>(_ body: (inout TaskExtra) -> T) -> T {
        if extras.isEmpty { extras.append(TaskExtra()) }
        return body(&extras[0])
    }

    var hasExtra: Bool { !extras.isEmpty }

    /// The task that sent this one.
    var parentID: String? {
        get { families.isEmpty ? nil : families[0].parentID }
        set { withFamily { $0.parentID = newValue } }
    }

    /// Root of the workflow.
    var rootID: String? {
        get { flags.contains(.ownRoot) ? id : families.isEmpty ? nil : families[0].rootID }
        set {
            setFlag(.ownRoot, newValue == id)
            let other = newValue == id ? nil : newValue
            if other != nil || !families.isEmpty { withFamily { $0.rootID = other } }
        }
    }

    /// Neighbors among the children of the parent, -1 = none.
    var previousSibling: Int32 {
        get { families.isEmpty ? -1 : families[0].previousSibling }
        set { withFamily { $0.previousSibling = newValue } }
    }

    var nextSibling: Int32 {
        get { families.isEmpty ? -1 : families[0].nextSibling }
        set { withFamily { $0.nextSibling = newValue } }
    }

    private mutating func withFamily(_ body: (inout TaskFamily) -> Void) {
        if families.isEmpty { families.append(TaskFamily()) }
        body(&families[0])
    }

    /// What the facts alone say, before the result backend and the doubts are heard.
    var baseState: StateCode {
        if end != .none { return StateCode(end: end) }
        if !custom.isNaN { return customCode }
        if !started.isNaN { return .started }
        return received.isNaN ? .pending : .received
    }

    /// Whether the fields are the facts.
    var isSimple: Bool { history.isEmpty }

    /// Heap bytes of a string: none up to 15 bytes, else an object header and the text.
    static func heapBytes(_ text: String?) -> Int {
        guard let count = text?.utf8.count, count > 15 else { return 0 }
        return (32 + count + 15) & ~15
    }

    /// Measures the record as the byte limit counts it: slot, index entry, strings, boxes.
    ///
    /// - Returns: by how much it grew.
    mutating func measure() -> Int {
        var sum = MemoryLayout<TaskSlot>.stride + 48 + Self.heapBytes(id)
        sum += Self.heapBytes(args) + Self.heapBytes(kwargs) + Self.heapBytes(text)
        if !families.isEmpty { sum += families[0].bytes }
        if nameIndex == 0 || nameIndex == NameTable.none { sum += Self.heapBytes(name) }
        if hasExtra, let extra { sum += extra.bytes }
        if !history.isEmpty {
            sum += 32 + history.capacity * MemoryLayout<TaskFact>.stride
            for fact in history { sum += Self.heapBytes(fact.text) }
        }
        let before = bytes
        bytes = Int32(clamping: sum)
        return Int(bytes) - Int(before)
    }
}
