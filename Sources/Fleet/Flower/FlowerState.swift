import DequeModule
import Lookup

/// What Celery's own `celery.events.state.State` (5.7) makes of the same events, and so what
/// Flower shows: kept beside our records, so that anyone can compare.
///
/// It depends on the order of arrival, so it cannot be derived from our records; it is a second,
/// bounded store that shares the strings of the first. It costs about as much as the first and is
/// off unless `FleetLimits.flowerTasks` says how many tasks it keeps.
package struct FlowerState: Sendable {
    /// A task and what keeps it in its place. Slots are used again in place: a task is some 600 bytes,
    /// and moving it about costs more than merging an event.
    private struct Slot {
        var task: FlowerTask
        /// Number of its entry in ``order``; an entry with another number is void.
        var number = 0
    }

    private var slots: [Slot] = []
    private var index = IDTable()
    private var workers: [FlowerWorker] = []
    private var workerPlaces = IDTable()
    /// Place of the worker that was heard last: events come in runs of one.
    private var lastWorker = 0
    /// Slots in the order of leaving, as Celery's `LRUCache` has it: by insertion, but looking a parent
    /// up moves it to the end.
    private var order: Deque<(slot: Int32, number: Int)> = []
    private var nextNumber = 0
    /// Parent id → children that came before it.
    private var unresolved: [String: Set<String>] = [:]
    private var unresolvedOrder: Deque<String> = []
    private var workerOrder: Deque<String> = []
    private let maximumTasks: Int
    private let maximumWorkers: Int
    private static var customFields: Int { 64 }
    private static var parentsPerTask: Int { 16 }

    /// Events merged, and task-received among them.
    package private(set) var eventCount = 0
    package private(set) var taskCount = 0

    /// Makes an empty state; Celery's own limits are 10,000 tasks and 5,000 workers.
    package init(maximumTasks: Int = 10_000, maximumWorkers: Int = 5_000) {
        self.maximumTasks = max(maximumTasks, 1)
        self.maximumWorkers = max(maximumWorkers, 1)
    }

    /// The record of a task.
    package func task(_ uuid: String) -> FlowerTask? { place(uuid).map { slots[$0].task } }

    /// The record of a worker.
    package func worker(_ hostname: String) -> FlowerWorker? {
        knownWorker(hostname).map { workers[$0] }
    }

    /// Ids of all tasks, unordered.
    package var taskIDs: [String] { slots.map(\.task.uuid) }

    /// Names of all workers, unordered.
    package var workerNames: [String] { workers.map(\.hostname) }

    /// A page of tasks in the order in which they leave, oldest first.
    ///
    /// - Parameters:
    ///   - after: the `next` of the page before; 0 is the start.
    ///   - limit: tasks at most.
    /// - Returns: the tasks, and where the next page begins; `nil` if this is the last. A task that
    ///   Celery refreshes meanwhile (a parent) moves to the end, and so may come twice.
    package func page(after: Int, limit: Int) -> (tasks: [FlowerTask], next: Int?) {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle].number <= after { low = middle + 1 } else { high = middle }
        }
        var page: [FlowerTask] = []
        var last = after
        for entry in order[low...] where slots[Int(entry.slot)].number == entry.number {
            guard page.count < limit else { return (page, last) }
            page.append(slots[Int(entry.slot)].task)
            last = entry.number
        }
        return (page, nil)
    }

    /// Merges one event; `receivedAt` stands for Celery's `local_received`.
    package mutating func apply(_ event: borrowing CeleryEvent, receivedAt: Double) {
        switch event {
        case .task(let event): apply(event, IDTable.Mark(event.uuid), receivedAt: receivedAt)
        case .worker(let event): apply(event, receivedAt: receivedAt)
        }
    }

    /// Merges an event about a task.
    ///
    /// - Parameter mark: the hash of the task's id.
    mutating func apply(
        _ event: borrowing TaskEvent, _ mark: IDTable.Mark, receivedAt: Double
    ) {
        eventCount += 1
        merge(event, mark, receivedAt: receivedAt)
    }

    /// Merges an event about a worker.
    mutating func apply(_ event: borrowing WorkerEvent, receivedAt: Double) {
        eventCount += 1
        merge(event, receivedAt: receivedAt)
    }

    // MARK: Workers

    private mutating func merge(_ event: borrowing WorkerEvent, receivedAt: Double) {
        let isGoodbye = if case .offline = event.kind { true } else { false }
        let name = event.origin.hostname
        // A goodbye of an unknown worker makes no record.
        if isGoodbye, knownWorker(name) == nil { return }
        let place = workerPlace(name)
        workers[place].take(event)
        if isGoodbye {
            workers[place].forgetBeats()
        } else {
            workers[place].beat(receivedAt, timestamp: event.origin.timestamp)
        }
    }

    /// The place of a worker, made if it is new.
    private mutating func workerPlace(_ name: String) -> Int {
        if lastWorker < workers.count, workers[lastWorker].hostname == name { return lastWorker }
        let place = knownWorker(name) ?? addWorker(name)
        lastWorker = place
        return place
    }

    private func knownWorker(_ name: String) -> Int? {
        workerPlaces.find(IDTable.Mark(name)) { workers[Int($0)].hostname == name }.map { Int($0) }
    }

    private mutating func addWorker(_ name: String) -> Int {
        let place: Int
        if workers.count >= maximumWorkers, let oldest = workerOrder.popFirst(),
            let freed = knownWorker(oldest)
        {
            workerPlaces.remove(IDTable.Mark(oldest), at: Int32(freed))
            workers[freed] = FlowerWorker(hostname: name)
            place = freed
        } else {
            place = workers.count
            workers.append(FlowerWorker(hostname: name))
        }
        workerPlaces.insert(IDTable.Mark(name), at: Int32(place))
        workerOrder.append(name)
        return place
    }

    // MARK: Tasks

    private mutating func merge(
        _ event: borrowing TaskEvent, _ mark: IDTable.Mark, receivedAt: Double
    ) {
        switch event.kind {
        case .sent: break
        case .received:
            taskCount += 1
            fallthrough
        default:
            let place = workerPlace(event.origin.hostname)
            // Celery hands the two times over in the wrong order here: the sender's is stored.
            workers[place].beat(event.origin.timestamp, timestamp: receivedAt)
        }
        let place = place(event.uuid, mark) ?? addTask(event.uuid, mark)
        slots[place].task.take(event, receivedAt: receivedAt, customFields: Self.customFields)
        if slots[place].task.parentID != nil || !unresolved.isEmpty {
            resolveFamily(event.uuid, place)
        }
    }

    private func place(_ uuid: String) -> Int? { place(uuid, IDTable.Mark(uuid)) }

    private func place(_ uuid: String, _ mark: IDTable.Mark) -> Int? {
        index.find(mark) { slots[Int($0)].task.uuid == uuid }.map { Int($0) }
    }

    private mutating func addTask(_ uuid: String, _ mark: IDTable.Mark) -> Int {
        let place: Int
        if slots.count < maximumTasks {
            place = slots.count
            slots.append(Slot(task: FlowerTask(uuid: uuid)))
        } else {
            place = evict()
            slots[place].task = FlowerTask(uuid: uuid)
        }
        index.insert(mark, at: Int32(place))
        refresh(place)
        return place
    }

    /// Lets the first task in the order go.
    ///
    /// - Returns: its slot.
    private mutating func evict() -> Int {
        while let oldest = order.popFirst() {
            let slot = Int(oldest.slot)
            guard slots[slot].number == oldest.number else { continue }
            let uuid = slots[slot].task.uuid
            index.remove(IDTable.Mark(uuid), at: oldest.slot)
            // Celery holds children by weak reference: one that leaves is nobody's child any more.
            for parent in slots[slot].task.parents {
                if let place = place(parent) { slots[place].task.children.remove(uuid) }
                unresolved[parent]?.remove(uuid)
            }
            return slot
        }
        // Every task in a slot has an entry in the order, so this is not reached.
        return 0
    }

    /// Moves a task to the end of the order of leaving.
    private mutating func refresh(_ place: Int) {
        nextNumber += 1
        slots[place].number = nextNumber
        order.append((Int32(place), nextNumber))
        if order.count > 4 * maximumTasks + 64 {
            order = Deque(order.filter { slots[Int($0.slot)].number == $0.number })
        }
    }

    private mutating func resolveFamily(_ uuid: String, _ place: Int) {
        if let parent = slots[place].task.parentID, !parent.isEmpty, noteParent(parent, of: place) {
            if let holder = self.place(parent) {
                refresh(holder)
                slots[holder].task.children.insert(uuid)
            } else {
                addUnresolved(uuid, of: parent)
            }
        }
        guard !unresolved.isEmpty, let children = unresolved.removeValue(forKey: uuid) else {
            return
        }
        slots[place].task.children.formUnion(children.filter { self.place($0) != nil })
    }

    /// Notes a parent, so that the child can leave it later.
    ///
    /// - Returns: whether there was room; only forged events name many parents for one task.
    private mutating func noteParent(_ parent: String, of place: Int) -> Bool {
        if slots[place].task.parents.contains(parent) { return true }
        guard slots[place].task.parents.count < Self.parentsPerTask else { return false }
        slots[place].task.parents.insert(parent)
        return true
    }

    private mutating func addUnresolved(_ child: String, of parent: String) {
        if unresolved[parent] == nil {
            while unresolved.count >= maximumTasks, let oldest = unresolvedOrder.popFirst() {
                unresolved.removeValue(forKey: oldest)
            }
            unresolvedOrder.append(parent)
            if unresolvedOrder.count > 4 * maximumTasks + 64 {
                unresolvedOrder = Deque(unresolvedOrder.filter { unresolved[$0] != nil })
            }
        }
        unresolved[parent, default: []].insert(child)
    }
}
