/// A place in the task store; valid until the next change of the state.
package struct TaskRef: Sendable, Hashable {
    let slot: Int32

    /// A small number that no other kept task has.
    package var place: Int { Int(slot) }
}

/// What changed since the last `takeChanges`, each thing at most once.
package struct FleetChanges: Sendable {
    /// New or changed tasks, oldest change first.
    package var tasks: [TaskRef] = []
    /// Ids of tasks that were reported before and are gone.
    package var removedTasks: [String] = []
    /// Names of new or changed workers, and of those that left.
    package var workers: [String] = []
    package var removedWorkers: [String] = []
    /// Names of new or changed queues, and of those that left.
    package var queues: [String] = []
    package var removedQueues: [String] = []
    /// Task names whose figures changed, and those that were folded into `*other*`.
    package var names: [String] = []
    package var removedNames: [String] = []
    /// Numbers of pairs of queue and name whose counts by state changed, and of those without a record.
    package var loads: [Int] = []
    package var removedLoads: [Int] = []
    /// Names of workers of which a new process spoke: to be asked again, and told again what a
    /// process forgets (task events, revokes, paused queues).
    package var arrivals: [String] = []
    /// Numbers of new or changed gaps.
    package var gaps: [Int] = []
    /// Whether a figure of the summary or a count by state may have changed.
    package var aggregates = false

    package init() {}

    /// Whether there is nothing to tell.
    package var isEmpty: Bool {
        tasks.isEmpty && removedTasks.isEmpty && workers.isEmpty && removedWorkers.isEmpty
            && queues.isEmpty && removedQueues.isEmpty && names.isEmpty && removedNames.isEmpty
            && loads.isEmpty && removedLoads.isEmpty && arrivals.isEmpty && gaps.isEmpty
            && !aggregates
    }
}
