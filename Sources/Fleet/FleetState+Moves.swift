extension FleetState {
    /// Notes that a waiting task's message was given another place. Celery tells nobody, so without this
    /// the task would be shown where it was sent.
    ///
    /// - Parameters:
    ///   - queue: where it was put, by the anonymous exchange; nil if only its priority changed.
    ///   - priority: its priority now.
    package mutating func moved(task id: String, to queue: String?, priority: Int, now: Double) {
        guard let place = tasks.find(Bounded.id(id, limits.idBytes)) else { return }
        let before = tasks.slots[place].share()
        if let queue {
            tasks.slots[place].setFlag(.queueInferred, true)
            tellQueue(place, queue, inferred: false, now: now)
            if tasks.slots[place].hasExtra {
                tasks.slots[place].withExtra { extra in
                    extra.exchange = nil
                    extra.routingKey = nil
                }
            }
            tasks.slots[place].flags.insert(.plainRoute)
        }
        tasks.slots[place].priority = Int8(clamping: priority)
        tasks.slots[place].touched = now
        settle(place, before: before, now: now, measured: false)
    }
}
