import Lookup

/// The store of task records: slots, an index by id, and the order in which they must leave.
struct TaskTable: Sendable {
    /// A list threaded through the slots, oldest at the head.
    struct List: Sendable {
        var head: Int32 = -1
        var tail: Int32 = -1
        var count = 0
    }

    var slots = Pages<TaskSlot>()
    private var index = IDTable()
    private var free: [Int32] = []
    private(set) var open = List()
    private(set) var finished = List()
    /// Parent id → first of its children, while the parent is unknown.
    private var orphans: [String: Int32] = [:]
    /// Slots that changed since the last `takeChanges`, each once.
    private(set) var listed: [Int32] = []
    private(set) var removed: [String] = []
    private(set) var bytes = 0

    /// Records kept.
    var count: Int { index.count }

    /// The place of a task.
    func find(_ id: String) -> Int32? { find(id, IDTable.Mark(id)) }

    /// The place of a task whose id was hashed already.
    func find(_ id: String, _ mark: IDTable.Mark) -> Int32? {
        index.find(mark) { slots[$0].id == id }
    }

    /// Makes an open record of an id that has none.
    mutating func create(_ id: String, _ mark: IDTable.Mark, seen: Double) -> Int32 {
        let place: Int32
        if let reused = free.popLast() {
            let wasListed = slots[reused].flags.contains(.listed)
            let life = slots[reused].life
            slots[reused] = TaskSlot(id: id, seen: seen)
            slots[reused].life = life
            slots[reused].setFlag(.listed, wasListed)
            place = reused
        } else {
            place = slots.append(TaskSlot(id: id, seen: seen))
        }
        index.insert(mark, at: place)
        append(place, finished: false)
        if !orphans.isEmpty, let child = orphans.removeValue(forKey: id) {
            slots[place].firstChild = child
        }
        measure(place)
        return place
    }

    /// Takes a record off; the caller has settled its counters.
    mutating func remove(_ place: Int32) {
        unlinkFromParent(place)
        orphanChildren(place)
        detach(place, finished: slots[place].state.isFinished)
        index.remove(IDTable.Mark(slots[place].id), at: place)
        if slots[place].flags.contains(.published) { removed.append(slots[place].id) }
        bytes -= Int(slots[place].bytes)
        let wasListed = slots[place].flags.contains(.listed)
        let life = slots[place].life &+ 1
        slots[place] = TaskSlot(id: "", seen: 0)
        slots[place].life = life
        slots[place].flags = wasListed ? [.listed] : []
        free.append(place)
    }

    /// Follows a change between open and finished.
    mutating func move(_ place: Int32, toFinished: Bool) {
        detach(place, finished: !toFinished)
        append(place, finished: toFinished)
    }

    /// Measures a record again after its strings changed.
    mutating func measure(_ place: Int32) {
        bytes += slots[place].measure()
    }

    /// Notes that a record changed.
    mutating func mark(_ place: Int32) {
        let isNews = slots.change(place) { $0.flags.insert(.listed).inserted }
        if isNews { listed.append(place) }
    }

    /// Hands out the changed places and the removed ids, and forgets them.
    mutating func takeChanges() -> (changed: [TaskRef], removed: [String]) {
        var changed: [TaskRef] = []
        changed.reserveCapacity(listed.count)
        for place in listed {
            slots[place].flags.remove(.listed)
            guard slots[place].flags.contains(.alive) else { continue }
            slots[place].flags.insert(.published)
            changed.append(TaskRef(slot: place))
        }
        listed.removeAll(keepingCapacity: listed.capacity < 4_096)
        defer { removed = [] }
        // A task that came back under its old id was not removed for the reader.
        let gone = removed.filter { find($0) == nil }
        return (changed, gone)
    }

    /// The record that must leave next: the oldest finished one, else the oldest open one.
    func nextToLeave(sparing place: Int32) -> Int32? {
        if finished.head >= 0, finished.head != place { return finished.head }
        if open.head >= 0, open.head != place { return open.head }
        return nil
    }

    // MARK: Lists

    private mutating func append(_ place: Int32, finished isFinished: Bool) {
        if isFinished {
            Self.append(place, to: &finished, in: &slots)
        } else {
            Self.append(place, to: &open, in: &slots)
        }
    }

    private mutating func detach(_ place: Int32, finished isFinished: Bool) {
        if isFinished {
            Self.detach(place, from: &finished, in: &slots)
        } else {
            Self.detach(place, from: &open, in: &slots)
        }
    }

    private static func append(_ place: Int32, to list: inout List, in slots: inout Pages<TaskSlot>)
    {
        slots[place].previous = list.tail
        slots[place].next = -1
        if list.tail >= 0 { slots[list.tail].next = place } else { list.head = place }
        list.tail = place
        list.count += 1
    }

    private static func detach(
        _ place: Int32, from list: inout List, in slots: inout Pages<TaskSlot>
    ) {
        let before = slots[place].previous
        let after = slots[place].next
        if before >= 0 { slots[before].next = after } else { list.head = after }
        if after >= 0 { slots[after].previous = before } else { list.tail = before }
        list.count -= 1
    }
}

extension TaskTable {
    // MARK: Families

    /// Links a task below its parent, known or not.
    mutating func linkToParent(_ place: Int32) {
        guard let parent = slots[place].parentID else { return }
        let first: Int32
        if let parentPlace = find(parent) {
            first = slots[parentPlace].firstChild
            slots[parentPlace].firstChild = place
            mark(parentPlace)
        } else {
            first = orphans.updateValue(place, forKey: parent) ?? -1
        }
        slots[place].nextSibling = first
        slots[place].previousSibling = -1
        if first >= 0 { slots[first].previousSibling = place }
        slots[place].flags.insert(.hasParentLink)
    }

    mutating func unlinkFromParent(_ place: Int32) {
        guard slots[place].flags.contains(.hasParentLink), let parent = slots[place].parentID else {
            return
        }
        let before = slots[place].previousSibling
        let after = slots[place].nextSibling
        if before >= 0 {
            slots[before].nextSibling = after
        } else if let parentPlace = find(parent) {
            slots[parentPlace].firstChild = after
            mark(parentPlace)
        } else if after >= 0 {
            orphans[parent] = after
        } else {
            orphans.removeValue(forKey: parent)
        }
        if after >= 0 { slots[after].previousSibling = before }
        slots[place].previousSibling = -1
        slots[place].nextSibling = -1
        slots[place].flags.remove(.hasParentLink)
    }

    /// The parent leaves: its children wait for it to come back.
    private mutating func orphanChildren(_ place: Int32) {
        let first = slots[place].firstChild
        if first >= 0 { orphans[slots[place].id] = first }
    }

    /// Ids of the children, newest first.
    func children(of place: Int32, limit: Int) -> [String] {
        var ids: [String] = []
        var child = slots[place].firstChild
        while child >= 0, ids.count < limit {
            ids.append(slots[child].id)
            child = slots[child].nextSibling
        }
        return ids
    }

    /// Parents that are waited for; at most one for each kept task.
    var orphanCount: Int { orphans.count }
}
