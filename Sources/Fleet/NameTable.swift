import Lookup

/// Figures by task name: the first names that come, the rest in place 0.
struct NameTable: Sendable {
    struct Entry: Sendable {
        var name: String
        var count = 0
        /// Records that point here; only a place without any is given to another name.
        var kept = 0
        var active = 0
        var started = 0
        var succeeded = 0
        var failed = 0
        var retried = 0
        var runtimes = 0
        var runtimeSum = 0.0
        var runtimeMax = 0.0
        var touched = 0.0
        var lately: LatelyRing
        var latencies: Latencies
        /// Queue that a task of this name was last told to be in, or -1.
        var queue: Int32 = -1
        var isListed = false
        var isPublished = false

        init(name: String, now: Double, isListed: Bool = false) {
            self.name = name
            self.touched = now
            self.isListed = isListed
            lately = LatelyRing(now: now)
            latencies = Latencies(now: now)
        }

        /// Takes over the figures of an entry that goes.
        mutating func absorb(_ other: Entry) {
            count += other.count
            started += other.started
            succeeded += other.succeeded
            failed += other.failed
            retried += other.retried
            runtimes += other.runtimes
            runtimeSum += other.runtimeSum
            runtimeMax = max(runtimeMax, other.runtimeMax)
            lately.absorb(other.lately)
            latencies.absorb(other.latencies)
        }
    }

    /// The place of a task whose name is not known.
    static let none = UInt16.max
    static let otherName = "*other*"

    private(set) var entries = [Entry(name: NameTable.otherName, now: 0)]
    private var index = IDTable()
    private var listed: [UInt16] = []
    private var removed: [String] = []
    private var vacant: [UInt16] = []
    private let limit: Int
    /// Signs of names beyond the limit.
    private(set) var refused = 0

    init(limit: Int) {
        self.limit = min(max(limit, 0), 60_000)
    }

    /// The place for a name; 0 if there is no room.
    mutating func place(_ name: String, now: Double) -> UInt16 {
        let mark = IDTable.Mark(name)
        if let known = known(name, mark) { return known }
        // Somebody may call a task as the rest is called.
        guard name != Self.otherName else { return 0 }
        let place: UInt16
        if let free = vacant.popLast() {
            let isListed = entries[Int(free)].isListed
            entries[Int(free)] = Entry(name: name, now: now, isListed: isListed)
            place = free
        } else if entries.count <= limit {
            entries.append(Entry(name: name, now: now))
            place = UInt16(entries.count - 1)
        } else {
            refused += 1
            return 0
        }
        index.insert(mark, at: Int32(place))
        return place
    }

    private func known(_ name: String, _ mark: IDTable.Mark) -> UInt16? {
        index.find(mark) { entries[Int($0)].name == name }.map { UInt16($0) }
    }

    /// The place of a known name.
    func find(_ name: String) -> UInt16? {
        name == Self.otherName ? 0 : known(name, IDTable.Mark(name))
    }

    /// Changes an entry and notes that it changed.
    mutating func update(_ place: UInt16, _ body: (inout Entry) -> Void) {
        body(&entries[Int(place)])
        guard !entries[Int(place)].isListed else { return }
        entries[Int(place)].isListed = true
        listed.append(place)
    }

    /// Remembers where a task of this name was last sent; that alone is no change to tell.
    mutating func remember(queue: Int32, of place: UInt16) {
        entries[Int(place)].queue = queue
    }

    /// Forgets a queue that is gone.
    mutating func forget(queue: Int32) {
        for place in entries.indices where entries[place].queue == queue {
            entries[place].queue = -1
        }
    }

    /// Lets the figures of the last minutes get older.
    mutating func advance(to now: Double) {
        for place in entries.indices {
            let hasEnds = entries[place].lately.advance(to: now)
            let hasLatencies = entries[place].latencies.advance(to: now)
            if hasEnds || hasLatencies { update(UInt16(place)) { _ in } }
        }
    }

    /// Frees places of names that no kept record has, and that were quiet: a flood of forged names
    /// must not use them up for ever. Their figures go to `*other*`.
    mutating func recycle(now: Double, quietFor: Double) {
        guard index.count >= limit else { return }
        for place in entries.indices.dropFirst() where !entries[place].name.isEmpty {
            let entry = entries[place]
            guard entry.kept == 0, entry.active == 0, now - entry.touched > quietFor else {
                continue
            }
            update(0) { $0.absorb(entry) }
            index.remove(IDTable.Mark(entry.name), at: Int32(place))
            if entry.isPublished { removed.append(entry.name) }
            entries[place] = Entry(name: "", now: now, isListed: entry.isListed)
            vacant.append(UInt16(place))
        }
    }

    /// Names that changed and names that went since the last call.
    mutating func takeChanges() -> (changed: [String], removed: [String]) {
        var changed: [String] = []
        for place in listed {
            entries[Int(place)].isListed = false
            guard !entries[Int(place)].name.isEmpty else { continue }
            entries[Int(place)].isPublished = true
            changed.append(entries[Int(place)].name)
        }
        listed = []
        defer { removed = [] }
        return (changed, removed.filter { known($0, IDTable.Mark($0)) == nil })
    }

    /// Names in use, `*other*` included.
    var names: [String] { entries.lazy.map(\.name).filter { !$0.isEmpty } }

    /// The figures of a place.
    func statistics(_ place: UInt16) -> NameStatistics {
        let entry = entries[Int(place)]
        let lately = entry.lately.sums
        return NameStatistics(
            name: entry.name, count: entry.count, active: entry.active,
            succeeded: entry.succeeded, failed: entry.failed, retried: entry.retried,
            runtimeMean: entry.runtimes == 0 ? nil : entry.runtimeSum / Double(entry.runtimes),
            runtimeMax: entry.runtimes == 0 ? nil : entry.runtimeMax,
            succeededLately: lately.succeeded, failedLately: lately.failed,
            runtimes: entry.latencies.runtimes.quantiles, waits: entry.latencies.waits.quantiles)
    }
}
