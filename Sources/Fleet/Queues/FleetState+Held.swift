extension FleetState {
    /// Takes the messages that have been held longest, longest first: kombu delivers each again when
    /// its visibility timeout is over, although its worker still holds it.
    ///
    /// Tasks that are no longer among them lose their date. Messages of unknown tasks are passed over.
    package mutating func apply(held messages: [HeldMessage], now: Double) {
        var due: [String] = []
        var dates: [String: Double] = [:]
        for message in messages.prefix(limits.heldMessages) {
            let id = Bounded.id(message.taskID, limits.idBytes)
            guard message.deliveredAt.isFinite, dates[id] == nil, tasks.find(id) != nil else {
                continue
            }
            dates[id] = sane(message.deliveredAt, now: now) + visibilityTimeout
            due.append(id)
        }
        for id in heldTasks where dates[id] == nil { setRedelivery(of: id, at: .nan, now: now) }
        for id in due { setRedelivery(of: id, at: dates[id] ?? .nan, now: now) }
        heldTasks = due
    }

    private mutating func setRedelivery(of id: String, at time: Double, now: Double) {
        guard let place = tasks.find(id) else { return }
        let known = tasks.slots[place].extra?.redeliverAt ?? .nan
        guard known != time, !(known.isNaN && time.isNaN) else { return }
        let before = tasks.slots[place].share()
        tasks.slots[place].withExtra { $0.redeliverAt = time }
        settle(place, before: before, now: now, measured: true)
    }

    /// Held messages whose redelivery is near: within a tenth of the timeout, at most five minutes.
    func judgeHeld(_ found: inout FindingList, now: Double) {
        let near = min(visibilityTimeout / 10, 300)
        var count = 0
        var first: (id: String, due: Double, worker: String?)?
        for id in heldTasks {
            guard let place = tasks.find(id), let due = tasks.slots[place].extra?.redeliverAt,
                due - now <= near
            else { continue }
            count += 1
            if first == nil { first = (id, due, tasks.slots[place].worker) }
        }
        guard let first else { return }
        let left = first.due - now
        let when =
            left > 0 ? "in \(Bounded.duration(left))" : "any moment (kombu looks every 100 s)"
        found.add(
            "redelivery-due", .warning, "broker", "Held messages are about to be delivered again",
            "Near the visibility timeout of \(Bounded.duration(visibilityTimeout)): \(count); the first, task \(first.id)\(first.worker.map { " held by \($0)" } ?? ""), is due \(when) and may then run twice.",
            "Raise visibility_timeout in broker_transport_options above the longest wait and run of a task; lower worker_prefetch_multiplier."
        )
    }
}
