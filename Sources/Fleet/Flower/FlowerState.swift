import DequeModule

/// What Celery's own `celery.events.state.State` (5.7) makes of the same events, and so what
/// Flower shows: kept beside our records, so that anyone can compare.
///
/// It depends on the order of arrival, so it cannot be derived from our records; it is a second,
/// bounded store that shares the strings of the first. It costs about as much as the first and is
/// off unless `FleetLimits.flowerTasks` says how many tasks it keeps.
package struct FlowerState: Sendable {
    private var tasks: [String: FlowerTask] = [:]
    private var workers: [String: FlowerWorker] = [:]
    /// Ids in the order of leaving, as Celery's `LRUCache` has it: by insertion, but looking a
    /// parent up moves it to the end. An entry counts only if its number is the newest of its id.
    private var order: Deque<(id: String, number: Int)> = []
    private var numbers: [String: Int] = [:]
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
    package func task(_ uuid: String) -> FlowerTask? { tasks[uuid] }

    /// The record of a worker.
    package func worker(_ hostname: String) -> FlowerWorker? { workers[hostname] }

    /// Ids of all tasks, unordered.
    package var taskIDs: [String] { Array(tasks.keys) }

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
        for entry in order[low...] where numbers[entry.id] == entry.number {
            guard page.count < limit else { return (page, last) }
            guard let task = tasks[entry.id] else { continue }
            page.append(task)
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
        let host = event.origin.hostname
        if event.kind != .sent {
            if workers[host] == nil { addWorker(host) }
            if let place = workers.index(forKey: host) {
                // Celery hands the two times over in the wrong order here: the sender's is stored.
                workers.values[place].beat(event.origin.timestamp, timestamp: receivedAt)
            }
        }
        if event.kind == .received { taskCount += 1 }
        if tasks.index(forKey: event.uuid) == nil { addTask(event.uuid) }
        guard let place = tasks.index(forKey: event.uuid) else { return }
        tasks.values[place].take(event, receivedAt: receivedAt, customFields: Self.customFields)
        if tasks.values[place].parentID != nil || !unresolved.isEmpty {
            resolveFamily(event.uuid)
        }
    }

    private mutating func addTask(_ uuid: String) {
        while tasks.count >= maximumTasks, let oldest = order.popFirst() {
            guard numbers[oldest.id] == oldest.number else { continue }
            // Celery holds children by weak reference: one that leaves is nobody's child any more.
            for parent in tasks.removeValue(forKey: oldest.id)?.parents ?? [] {
                tasks[parent]?.children.remove(oldest.id)
                unresolved[parent]?.remove(oldest.id)
            }
            numbers.removeValue(forKey: oldest.id)
        }
        tasks[uuid] = FlowerTask(uuid: uuid)
        refresh(uuid)
    }

    /// Moves a task to the end of the order of leaving.
    private mutating func refresh(_ uuid: String) {
        nextNumber += 1
        numbers[uuid] = nextNumber
        order.append((uuid, nextNumber))
        if order.count > 4 * maximumTasks + 64 {
            order = Deque(order.filter { numbers[$0.id] == $0.number })
        }
    }

    private mutating func resolveFamily(_ uuid: String) {
        if let parent = tasks[uuid]?.parentID, !parent.isEmpty, noteParent(parent, of: uuid) {
            if tasks[parent] != nil {
                refresh(parent)
                tasks[parent]?.children.insert(uuid)
            } else {
                addUnresolved(uuid, of: parent)
            }
        }
        if let children = unresolved.removeValue(forKey: uuid) {
            let known = children.filter { tasks[$0] != nil }
            tasks[uuid]?.children.formUnion(known)
        }
    }

    /// Notes a parent, so that the child can leave it later.
    ///
    /// - Returns: whether there was room; only forged events name many parents for one task.
    private mutating func noteParent(_ parent: String, of uuid: String) -> Bool {
        guard let known = tasks[uuid]?.parents else { return false }
        if known.contains(parent) { return true }
        guard known.count < Self.parentsPerTask else { return false }
        tasks[uuid]?.parents.insert(parent)
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
