extension FleetState {
    /// Seconds between two looks at what runs: each passes over all open tasks.
    private static let oldestInterval = 2.0

    /// Notes for each worker since when its oldest running task runs.
    mutating func noteOldest(now: Double) {
        guard now - lastOldest >= Self.oldestInterval || now < lastOldest else { return }
        lastOldest = now
        var oldest: [Int32: Double] = [:]
        var place = activeTasks > 0 ? tasks.open.head : -1
        while place >= 0 {
            let worker = tasks.slots[place].workerIndex
            if worker >= 0, tasks.slots[place].state.isRunning,
                let started = tasks.slots[place].started.known
            {
                let since = started - (offsets[tasks.slots[place].host] ?? 0)
                oldest[worker] = min(oldest[worker] ?? since, since)
            }
            place = tasks.slots[place].next
        }
        for worker in workers.places {
            let since = oldest[worker] ?? .nan
            let known = workers[worker].oldestActive
            guard since != known, !(since.isNaN && known.isNaN) else { continue }
            workers[worker].oldestActive = since
            workers.mark(worker)
        }
    }
}
