extension FleetState {
    /// Numbers of the pairs of queue and task name that have records.
    package var loadNumbers: [Int] { loads.used }

    /// The records of one pair of queue and task name by state; `nil` if there are none.
    package func load(_ number: Int) -> TaskLoad? {
        guard let (queue, name, counts) = loads.load(number) else { return nil }
        guard number != Int(TaskLoads.other) else {
            return TaskLoad(
                number: number, queue: TaskLoad.other, name: TaskLoad.other, counts: counts)
        }
        return TaskLoad(
            number: number, queue: queue < 0 ? nil : queues[queue].name,
            name: name == NameTable.none ? nil : nameTable.entries[Int(name)].name, counts: counts)
    }

    /// Gaps since the start, those that are no longer remembered among them.
    package var gapTotal: Int { nextGap - 1 }

    /// Run times of all tasks.
    package var runtimeCounts: LatencyCounts { LatencyCounts(latencies.runtimes) }

    /// Waits of all tasks, from received to started.
    package var waitCounts: LatencyCounts { LatencyCounts(latencies.waits) }

    /// Run times of the tasks of one name, or of `*other*`.
    package func runtimeCounts(ofName name: String) -> LatencyCounts? {
        nameTable.find(Bounded.cut(name, limits.nameBytes)).map {
            LatencyCounts(nameTable.entries[Int($0)].latencies.runtimes)
        }
    }

    /// Waits of the tasks of one queue, from received to started.
    package func waitCounts(ofQueue name: String) -> LatencyCounts? {
        queues.find(Bounded.id(name, limits.nameBytes)).map {
            LatencyCounts(queues[$0].latencies.waits)
        }
    }
}
