extension FleetState {
    /// Marks open tasks that a worker knows to be revoked: nothing is heard of a revoked task before
    /// its time comes and its worker drops it.
    mutating func take(revoked ids: [String], _ worker: Int32, now: Double) {
        let bytes = limits.idBytes
        let revoked = Set(ids.prefix(limits.revokedIDs).map { Bounded.id($0, bytes) })
        for id in revoked {
            guard let place = tasks.find(id) else { continue }
            let state = tasks.slots[place].state
            // The backend may say so before the worker has dropped it.
            let isToldOnly = state == .revoked && tasks.slots[place].end != .revoked
            if !state.isFinished || isToldOnly { mark(place, revoked: true) }
        }
        // What it holds and no longer counts as revoked: a worker forgets when it restarts.
        var place = tasks.open.head
        while place >= 0 {
            if tasks.slots[place].flags.contains(.toldRevoked),
                tasks.slots[place].workerIndex == worker, !revoked.contains(tasks.slots[place].id)
            {
                mark(place, revoked: false)
            }
            place = tasks.slots[place].next
        }
    }

    private mutating func mark(_ place: Int32, revoked isRevoked: Bool) {
        guard tasks.slots[place].flags.contains(.toldRevoked) != isRevoked else { return }
        tasks.slots[place].setFlag(.toldRevoked, isRevoked)
        tasks.mark(place)
    }
}
