import HeapModule

/// A place in the list of tasks that begins with the newest: when a task was first seen, and its id.
package struct TaskPlace: Sendable, Equatable {
    /// Gateway time of the first sign, unix seconds.
    package var seen: Double
    /// Decides between tasks of one moment.
    package var id: String

    /// Makes a place.
    package init(seen: Double, id: String) {
        self.seen = seen
        self.id = id
    }
}

/// Which tasks are asked for; `nil` means any.
package struct TaskFilter: Sendable {
    /// State names.
    package var states: Set<String>?
    package var queue: String?
    package var worker: String?
    package var name: String?
    /// Only those that wait for their eta.
    package var isScheduled = false
    /// Whether tasks of a name may be shown at all; `nil` is asked for those whose name is not known.
    package var showsName: (@Sendable (_ name: String?) -> Bool)?
    /// Whether tasks in a queue may be shown at all; `nil` is asked for those whose queue is not known.
    package var showsQueue: (@Sendable (_ queue: String?) -> Bool)?

    /// Makes a filter that lets everything through.
    package init() {}
}

extension FleetState {
    /// A page of kept tasks, the first seen last; equal times by id, the greatest first.
    ///
    /// Neither end nor change of a task moves it, so pages that follow each other name each task
    /// once, whatever happens between them. Looks at every record, but makes only those of the
    /// page: a millisecond or two for 100,000. What may be shown is asked once for each name and queue.
    ///
    /// - Parameters:
    ///   - after: the last place of the page before; `nil` is the start.
    ///   - limit: tasks at most, 1 or more.
    /// - Returns: records as `task(_: TaskRef)` tells them, and whether there are more.
    package func taskPage(
        after: TaskPlace?, limit: Int, filter: TaskFilter = TaskFilter()
    ) -> (tasks: [TaskRecord], hasMore: Bool) {
        /// The least is the one that leaves the page first: the oldest.
        struct Entry: Comparable {
            let seen: Double
            let id: String
            let place: Int32

            static func < (left: Entry, right: Entry) -> Bool {
                left.seen != right.seen ? left.seen < right.seen : left.id < right.id
            }
        }
        let wanted = max(limit, 1)
        var verdicts = TaskVerdicts(filter)
        var best = Heap<Entry>()
        var place = tasks.slots.count
        while place > 0 {
            place -= 1
            guard passes(place, filter, after) else { continue }
            if best.count > wanted, let least = best.min, tasks.slots[place].seen < least.seen {
                continue
            }
            guard isShown(place, &verdicts) else { continue }
            best.insert(
                Entry(seen: tasks.slots[place].seen, id: tasks.slots[place].id, place: place))
            if best.count > wanted + 1 { best.removeMin() }
        }
        let hasMore = best.count > wanted
        if hasMore { best.removeMin() }
        return (best.unordered.sorted(by: >).map { record($0.place, full: false) }, hasMore)
    }

    private func waitsForEta(_ place: Int32) -> Bool {
        tasks.slots[place].hasExtra && tasks.slots[place].extra?.eta != nil
    }

    private func name(of place: Int32) -> String? {
        tasks.slots[place].name ?? TaskSlot.unregisteredName(tasks.slots[place].text)
    }

    private func isShown(_ place: Int32, _ verdicts: inout TaskVerdicts) -> Bool {
        verdicts.shows(queue: tasks.slots[place].queue, tasks.slots[place].queueIndex)
            && (!verdicts.asksForNames
                || verdicts.shows(name: name(of: place), tasks.slots[place].nameIndex))
    }

    private func passes(_ place: Int32, _ filter: TaskFilter, _ after: TaskPlace?) -> Bool {
        guard tasks.slots[place].flags.contains(.alive) else { return false }
        if let after {
            let seen = tasks.slots[place].seen
            guard seen < after.seen || (seen == after.seen && tasks.slots[place].id < after.id)
            else { return false }
        }
        if let wanted = filter.name, name(of: place) != wanted { return false }
        if let wanted = filter.queue, tasks.slots[place].queue != wanted { return false }
        if let wanted = filter.worker, tasks.slots[place].worker != wanted { return false }
        if filter.isScheduled, !waitsForEta(place) { return false }
        guard let wanted = filter.states else { return true }
        return wanted.contains(states.state(tasks.slots[place].state).name)
    }
}
