import Lookup

/// What a `NamedTable` needs of the things it keeps.
protocol NamedSlot: Sendable {
    var name: String { get }
    var isAlive: Bool { get set }
    var isListed: Bool { get set }
    var isPublished: Bool { get set }
}

extension WorkerSlot: NamedSlot {}
extension QueueSlot: NamedSlot {}

/// Workers or queues by name, with a bound and a list of changes.
struct NamedTable<Slot: NamedSlot>: Sendable {
    private var index = IDTable()
    private var slots: [Slot] = []
    private var free: [Int32] = []
    private var listed: [Int32] = []
    private var removed: [String] = []
    private let limit: Int
    /// The answer to the last lookup: events come in runs of one name.
    private var lastName = ""
    private var lastPlace: Int32 = -1
    /// Signs of names beyond the limit.
    private(set) var refused = 0

    init(limit: Int) {
        self.limit = max(limit, 0)
    }

    var count: Int { index.count }
    var names: [String] { places.map { slots[Int($0)].name }.sorted() }
    /// Places in use.
    var places: [Int32] { slots.indices.lazy.filter { slots[$0].isAlive }.map { Int32($0) } }

    subscript(place: Int32) -> Slot {
        _read { yield slots.span[Int(place)] }
        _modify { yield &slots[Int(place)] }
    }

    func find(_ name: String) -> Int32? { find(name, IDTable.Mark(name)) }

    private func find(_ name: String, _ mark: IDTable.Mark) -> Int32? {
        index.find(mark) { slots.span[Int($0)].name == name }
    }

    /// The place of a name, made with `make` if it is new and there is room; else -1.
    mutating func place(_ name: String, make: () -> Slot) -> Int32 {
        if name == lastName, lastPlace >= 0 { return lastPlace }
        var place: Int32
        let hashed = IDTable.Mark(name)
        if let known = find(name, hashed) {
            place = known
        } else {
            guard index.count < limit else {
                refused += 1
                return -1
            }
            var slot = make()
            if let reused = free.popLast() {
                slot.isListed = slots[Int(reused)].isListed
                slots[Int(reused)] = slot
                place = reused
            } else {
                slots.append(slot)
                place = Int32(slots.count - 1)
            }
            index.insert(hashed, at: place)
            mark(place)
        }
        lastName = name
        lastPlace = place
        return place
    }

    mutating func mark(_ place: Int32) {
        guard !slots[Int(place)].isListed else { return }
        slots[Int(place)].isListed = true
        listed.append(place)
    }

    /// Takes a slot off; the caller has taken its number out of everything else.
    mutating func remove(_ place: Int32) {
        let slot = slots[Int(place)]
        index.remove(IDTable.Mark(slot.name), at: place)
        if slot.isPublished { removed.append(slot.name) }
        slots[Int(place)].isAlive = false
        free.append(place)
        if lastPlace == place { lastPlace = -1 }
    }

    mutating func takeChanges() -> (changed: [String], removed: [String]) {
        var changed: [String] = []
        for place in listed {
            slots[Int(place)].isListed = false
            guard slots[Int(place)].isAlive else { continue }
            slots[Int(place)].isPublished = true
            changed.append(slots[Int(place)].name)
        }
        listed = []
        defer { removed = [] }
        return (changed, removed.filter { find($0) == nil })
    }
}
