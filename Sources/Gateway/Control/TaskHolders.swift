/// What the workers said when they were asked which of some tasks they have.
struct TaskHolders: Sendable, Equatable {
    /// A worker that has a task.
    struct Holder: Sendable, Equatable {
        /// Its node name.
        var worker: String
        /// `active`, `reserved`, `scheduled` or `ready` (`query_task` in celery/worker/control.py).
        var state: String
    }

    /// Task -> who has it; of several, the one that is nearest to running it.
    private(set) var tasks: [String: Holder] = [:]
    /// Workers that have answered.
    private(set) var answered: Set<String> = []
    /// Workers that listen and have not answered.
    var silent: [String] = []
    /// Workers that have not said goodbye, and that the broker does not hand anything to.
    var absent: [String] = []

    /// Takes a worker's answer into account.
    mutating func note(_ told: [(id: String, state: String)], of worker: String) {
        answered.insert(worker)
        for (id, state) in told {
            // A second worker holds it for its time, after a redelivery.
            if tasks[id] != nil, state == "scheduled" { continue }
            tasks[id] = Holder(worker: worker, state: state)
        }
    }
}
