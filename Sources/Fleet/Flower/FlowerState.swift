import DequeModule

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
    private var places: [String: Int32] = [:]
    private var workers: [String: FlowerWorker] = [:]
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
    package func task(_ uuid: String) -> FlowerTask? { places[uuid].map { slots[Int($0)].task } }

    /// The record of a worker.
    package func worker(_ hostname: String) -> FlowerWorker? { workers[hostname] }

    /// Ids of all tasks, unordered.
    package var taskIDs: [String] { Array(places.keys) }

    /// Names of all workers, unordered.
    package var workerNames: [String] { Array(workers.keys) }

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
    package mutating func apply(_ event: CeleryEvent, receivedAt: Double) {
        eventCount += 1
        switch event {
        case .task(let event): merge(event, receivedAt: receivedAt)
        case .worker(let event): merge(event, receivedAt: receivedAt)
        }
    }

    // MARK: Workers

    private mutating func merge(_ event: WorkerEvent, receivedAt: Double) {
        let name = event.origin.hostname
        if workers[name] == nil {
            // A goodbye of an unknown worker makes no record.
            if event.kind == .offline { return }
            addWorker(name)
        }
        workers[name]?.take(event)
        if event.kind == .offline {
            workers[name]?.heartbeats = []
        } else {
            workers[name]?.beat(receivedAt, timestamp: event.origin.timestamp)
        }
    }

    private mutating func addWorker(_ name: String) {
        while workers.count >= maximumWorkers, let oldest = workerOrder.popFirst() {
            workers.removeValue(forKey: oldest)
        }
        workers[name] = FlowerWorker(hostname: name)
        workerOrder.append(name)
    }

    // MARK: Tasks

    private mutating func merge(_ event: TaskEvent, receivedAt: Double) {
        if event.kind != .sent {
            let host = event.origin.hostname
            if let place = workers.index(forKey: host) {
                // Celery hands the two times over in the wrong order here: the sender's is stored.
                workers.values[place].beat(event.origin.timestamp, timestamp: receivedAt)
            } else {
                addWorker(host)
                workers[host]?.beat(event.origin.timestamp, timestamp: receivedAt)
            }
        }
        if event.kind == .received { taskCount += 1 }
        let place = Int(places[event.uuid] ?? addTask(event.uuid))
        slots[place].task.take(event, receivedAt: receivedAt, customFields: Self.customFields)
        if slots[place].task.parentID != nil || !unresolved.isEmpty {
            resolveFamily(event.uuid, place)
        }
    }

    private mutating func addTask(_ uuid: String) -> Int32 {
        let place: Int32
        if slots.count < maximumTasks {
            place = Int32(slots.count)
            slots.append(Slot(task: FlowerTask(uuid: uuid)))
        } else {
            place = evict()
            slots[Int(place)].task = FlowerTask(uuid: uuid)
        }
        places[uuid] = place
        refresh(place)
        return place
    }

    /// Lets the first task in the order go.
    ///
    /// - Returns: its slot.
    private mutating func evict() -> Int32 {
        while let oldest = order.popFirst() {
            let slot = Int(oldest.slot)
            guard slots[slot].number == oldest.number else { continue }
            let uuid = slots[slot].task.uuid
            places.removeValue(forKey: uuid)
            // Celery holds children by weak reference: one that leaves is nobody's child any more.
            for parent in slots[slot].task.parents {
                if let place = places[parent] {
                    slots[Int(place)].task.children.remove(uuid)
                }
                unresolved[parent]?.remove(uuid)
            }
            return oldest.slot
        }
        // Every task in a slot has an entry in the order, so this is not reached.
        return 0
    }

    /// Moves a task to the end of the order of leaving.
    private mutating func refresh(_ place: Int32) {
        nextNumber += 1
        slots[Int(place)].number = nextNumber
        order.append((place, nextNumber))
        if order.count > 4 * maximumTasks + 64 {
            order = Deque(order.filter { slots[Int($0.slot)].number == $0.number })
        }
    }

    private mutating func resolveFamily(_ uuid: String, _ place: Int) {
        if let parent = slots[place].task.parentID, !parent.isEmpty, noteParent(parent, of: place) {
            if let holder = places[parent] {
                refresh(holder)
                slots[Int(holder)].task.children.insert(uuid)
            } else {
                addUnresolved(uuid, of: parent)
            }
        }
        guard !unresolved.isEmpty, let children = unresolved.removeValue(forKey: uuid) else {
            return
        }
        slots[place].task.children.formUnion(children.filter { places[$0] != nil })
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
