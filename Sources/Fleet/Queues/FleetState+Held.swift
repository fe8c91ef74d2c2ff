extension FleetState {
    /// Takes the messages that have been held longest, longest first: kombu delivers each again when
    /// its visibility timeout is over, although its worker still holds it.
    ///
    /// Tasks that are no longer among them lose their date. Messages of unknown tasks are passed over.
    ///
    /// - Parameter total: how many messages are held in all, if that was counted.
    package mutating func apply(held messages: [HeldMessage], total: Int? = nil, now: Double) {
        var due: [String] = []
        var dates: [String: Double] = [:]
        heldTotal = total
        heldLimits = [:]
        for message in messages.prefix(limits.heldMessages) {
            let id = Bounded.id(message.taskID, limits.idBytes)
            guard message.deliveredAt.isFinite, dates[id] == nil, tasks.find(id) != nil else {
                continue
            }
            dates[id] = sane(message.deliveredAt, now: now) + visibilityTimeout
            due.append(id)
            if let limit = message.timeLimit, limit > 0, limit.isFinite { heldLimits[id] = limit }
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

    /// Messages followed to their redelivery.
    package var heldFollowed: Int { heldTasks.count }

    /// Held messages whose redelivery is near: within a tenth of the timeout, at most five minutes.
    func judgeHeld(_ found: inout FindingList, now: Double) {
        judgeHeldLimits(&found)
        judgeUnacked(&found)
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
        let unfollowed = max((heldTotal ?? 0) - heldTasks.count, 0)
        let others =
            unfollowed > 0
            ? " \(unfollowed) more held messages are not followed: only the \(limits.heldMessages) held longest are."
            : ""
        let when =
            left > 0 ? "in \(Bounded.duration(left))" : "any moment (kombu looks every 100 s)"
        found.add(
            "redelivery-due", .warning, "broker", "Held messages are about to be delivered again",
            "Near the visibility timeout of \(Bounded.duration(visibilityTimeout)): \(count); the first, task \(first.id)\(first.worker.map { " held by \($0)" } ?? ""), is due \(when) and may then run twice.\(others)",
            "Raise visibility_timeout in broker_transport_options above the longest wait and run of a task; lower worker_prefetch_multiplier."
        )
    }

    /// Held messages that may run for longer than the visibility timeout by the limit they came with.
    /// Only a task that is acknowledged late is still held while it runs.
    private func judgeHeldLimits(_ found: inout FindingList) {
        var count = 0
        var first: (id: String, limit: Double)?
        for id in heldTasks {
            guard let limit = heldLimits[id], limit >= visibilityTimeout, let place = tasks.find(id)
            else { continue }
            let worker = tasks.slots[place].workerIndex
            let isLate = worker >= 0 && workers[worker].settings?.acksLate == true
            guard isLate || tasks.slots[place].state.isRunning else { continue }
            count += 1
            if first == nil { first = (id, limit) }
        }
        guard let first else { return }
        found.add(
            "limit-beyond-visibility", .warning, "broker", "Long tasks may run twice",
            "Held tasks that are acknowledged late and may run longer than the visibility timeout of \(Bounded.duration(visibilityTimeout)): \(count); the first, task \(first.id), may run for \(Bounded.duration(first.limit)).",
            "Raise visibility_timeout in broker_transport_options above the time_limit of the task, or lower that limit."
        )
    }

    private func judgeUnacked(_ found: inout FindingList) {
        guard let total = unackedBeyondBound else { return }
        found.add(
            "unacked-uncounted", .info, "broker",
            "Unacknowledged messages are not counted by queue",
            "\(total) messages are delivered and not acknowledged: more than are looked at one by one, so no queue says how many are its own.",
            "Lower worker_prefetch_multiplier, and schedule fewer tasks far ahead with eta or countdown."
        )
    }

    /// Notes whether the messages that are not acknowledged are too many to count them by queue.
    package mutating func apply(unackedBeyondBound total: Int?) {
        unackedBeyondBound = total
    }
}
