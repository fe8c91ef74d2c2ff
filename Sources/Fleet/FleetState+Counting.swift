/// What one record contributes to the counters; taken before and after each change.
struct TaskShare: Sendable, Equatable {
    enum Role: UInt8, Sendable {
        case none, active, reserved, scheduled
    }

    var state: StateCode
    var role: Role
    var isLongETA: Bool
    var nameIndex: UInt16
    var worker: Int32
    var queue: Int32
    var counts: FactCounts
    var isSent: Bool
}

extension TaskSlot {
    /// What this record contributes now.
    ///
    /// It changes nothing; `mutating` makes the caller reach the slot in place. A plain getter on
    /// an element copies the whole slot first, with all its strings (measured: 8 % of merging).
    mutating func share() -> TaskShare {
        let role: TaskShare.Role
        if state.isRunning {
            role = .active
        } else if state == .received {
            role = hasExtra && extra?.eta != nil ? .scheduled : .reserved
        } else {
            role = .none
        }
        return TaskShare(
            state: state, role: role,
            isLongETA: role == .scheduled && flags.contains(.longETA), nameIndex: nameIndex,
            worker: workerIndex, queue: queueIndex, counts: counts, isSent: !sent.isNaN)
    }
}

extension FleetState {
    /// Brings every counter, list and rate in line after a record changed.
    ///
    /// - Parameter cause: the fact that changed it, if the task has several attempts and it was one fact alone.
    mutating func settle(
        _ place: Int32, before: TaskShare, now: Double, measured: Bool, cause: TaskFact? = nil
    ) {
        let after = tasks.slots.change(place) { slot in
            slot.resolve()
            return slot.share()
        }
        if measured {
            tasks.measure(place)
            if tasks.bytes > limits.taskBytes { makeRoom(sparing: place) }
        }
        tasks.mark(place)
        aggregatesChanged = true
        guard after != before else { return }
        if after.role != before.role || after.worker != before.worker
            || after.queue != before.queue || after.nameIndex != before.nameIndex
            || after.isLongETA != before.isLongETA
        {
            add(before, -1)
            add(after, 1)
        }
        countLoad(place, before, after)
        if after.state != before.state {
            recordsByState[Int(before.state.rawValue)] -= 1
            recordsByState[Int(after.state.rawValue)] += 1
            if after.state.isFinished != before.state.isFinished {
                tasks.move(place, toFinished: after.state.isFinished)
            }
        }
        if after.isSent, !before.isSent, after.queue >= 0 {
            queues[after.queue].rates.advance(to: now)
            queues[after.queue].rates.record { $0.sent &+= 1 }
        }
        countName(before, after)
        countEnds(place, after)
        if after.counts != before.counts { count(place, before, after, cause, now: now) }
    }

    /// State x queue x name: off from where the record is counted, and on where it belongs now.
    private mutating func countLoad(_ place: Int32, _ before: TaskShare, _ after: TaskShare) {
        let old = tasks.slots[place].load
        var load = old
        if after.queue != before.queue || after.nameIndex != before.nameIndex {
            load = loads.place(queue: after.queue, name: after.nameIndex)
            tasks.slots[place].load = load
        }
        guard load != old || after.state != before.state else { return }
        loads.add(old, before.state, -1)
        loads.add(load, after.state, 1)
    }

    /// Takes the number of a queue that is gone out of a task, which keeps the name.
    mutating func forgetQueue(of place: Int32) {
        let state = tasks.slots[place].state
        loads.add(tasks.slots[place].load, state, -1)
        tasks.slots[place].queueIndex = -1
        let load = loads.place(queue: -1, name: tasks.slots[place].nameIndex)
        tasks.slots[place].load = load
        loads.add(load, state, 1)
    }

    /// The fleet's rate of ends: each end once, no matter who told it first, the worker or the result
    /// backend, and no matter how often its kind is corrected afterwards.
    private mutating func countEnds(_ place: Int32, _ share: TaskShare) {
        let isTold = share.state.isFinished && share.state != .lost
        let told = UInt16(clamping: max(share.counts.ends, isTold ? 1 : 0))
        let rated = tasks.slots[place].ratedEnds
        guard told > rated else { return }
        tasks.slots[place].ratedEnds = told
        rates.record { second in
            second.finished &+= UInt32(told - rated)
            if share.state == .success { second.succeeded &+= 1 }
            if share.state == .failure { second.failed &+= 1 }
        }
    }

    /// Adds or takes the share of one record in what runs and waits.
    private mutating func add(_ share: TaskShare, _ sign: Int) {
        guard share.role != .none else { return }
        switch share.role {
        case .none: break
        case .active: activeTasks += sign
        case .reserved: reservedTasks += sign
        case .scheduled: scheduledTasks += sign
        }
        if share.isLongETA { longETAs += sign }
        if share.worker >= 0 {
            switch share.role {
            case .none: break
            case .active: workers[share.worker].active += sign
            case .reserved: workers[share.worker].reserved += sign
            case .scheduled: workers[share.worker].scheduled += sign
            }
            workers.mark(share.worker)
        }
        if share.queue >= 0 {
            switch share.role {
            case .none: break
            case .active: queues[share.queue].active += sign
            case .reserved: queues[share.queue].reserved += sign
            case .scheduled: queues[share.queue].scheduled += sign
            }
            queues.mark(share.queue)
        }
        if share.role == .active, share.nameIndex != NameTable.none {
            nameTable.update(share.nameIndex) { $0.active += sign }
        }
    }

    /// Figures by name; a task may learn its name late, or a better one.
    private mutating func countName(_ before: TaskShare, _ after: TaskShare) {
        if before.nameIndex != after.nameIndex {
            if before.nameIndex != NameTable.none {
                nameTable.update(before.nameIndex) { entry in
                    entry.count -= 1
                    entry.kept -= 1
                    entry.add(before.counts, -1)
                }
            }
            if after.nameIndex != NameTable.none {
                nameTable.update(after.nameIndex) { entry in
                    entry.count += 1
                    entry.kept += 1
                    entry.add(after.counts, 1)
                }
            }
        } else if after.nameIndex != NameTable.none, before.counts != after.counts {
            nameTable.update(after.nameIndex) { entry in
                entry.add(before.counts, -1)
                entry.add(after.counts, 1)
            }
        }
    }

    /// Totals, and what happened now: all rates of the queue, of the fleet all but its ends.
    private mutating func count(
        _ place: Int32, _ before: TaskShare, _ after: TaskShare, _ cause: TaskFact?, now: Double
    ) {
        totalCounts.add(before.counts, -1)
        totalCounts.add(after.counts, 1)
        let second = news(place, before, after, cause)
        if second.finished > 0, after.nameIndex != NameTable.none {
            nameTable.update(after.nameIndex) { entry in
                if second.runtimes > 0 {
                    entry.runtimes += 1
                    entry.runtimeSum += second.runtime
                    entry.runtimeMax = max(entry.runtimeMax, second.runtime)
                    entry.touched = now
                }
                entry.lately.record(succeeded: second.succeeded, failed: second.failed, now: now)
            }
        }
        countLatency(second, after, now: now)
        var news = second
        news.finished = 0
        news.succeeded = 0
        news.failed = 0
        rates.record { $0.add(news) }
        if after.queue >= 0 {
            queues[after.queue].rates.advance(to: now)
            queues[after.queue].rates.record { $0.add(second) }
            queues[after.queue].lastSeen = now
        }
        let deliveries = Int(tasks.slots[place].redelivered)
        if deliveries >= limits.stormDeliveries {
            storm = DeliveryStorm(
                id: tasks.slots[place].id, name: tasks.slots[place].name,
                deliveries: deliveries, at: now)
        }
    }

    /// What happened, with the wait and the run time of the attempt that it happened to.
    private mutating func news(
        _ place: Int32, _ before: TaskShare, _ after: TaskShare, _ cause: TaskFact?
    ) -> RateRing.Second {
        var second = RateRing.Second()
        if after.counts.received > before.counts.received { second.received = 1 }
        let hasStarted = after.counts.started > before.counts.started
        let hasEnded = after.counts.ends > before.counts.ends
        guard hasStarted || hasEnded else { return second }
        let times = tasks.slots[place].times(of: cause, offsets: offsets)
        if hasStarted, let wait = times.wait {
            second.waits = 1
            second.wait = wait
        }
        if hasEnded {
            second.finished = 1
            if after.counts.succeeded > before.counts.succeeded { second.succeeded = 1 }
            if after.counts.failed > before.counts.failed { second.failed = 1 }
            if let runtime = times.runtime {
                second.runtimes = 1
                second.runtime = runtime
            }
        }
        return second
    }

    /// A run time or a wait: of the fleet, of the name, and of the queue.
    private mutating func countLatency(
        _ second: RateRing.Second, _ share: TaskShare, now: Double
    ) {
        guard second.runtimes + second.waits > 0 else { return }
        latencies.record(second, now: now)
        if share.nameIndex != NameTable.none {
            nameTable.update(share.nameIndex) { $0.latencies.record(second, now: now) }
        }
        if share.queue >= 0 { queues[share.queue].latencies.record(second, now: now) }
    }

    /// Lets a record go.
    mutating func forget(_ place: Int32) {
        let share = tasks.slots[place].share()
        loads.add(tasks.slots[place].load, share.state, -1)
        add(share, -1)
        recordsByState[Int(share.state.rawValue)] -= 1
        if share.nameIndex != NameTable.none { nameTable.update(share.nameIndex) { $0.kept -= 1 } }
        tasks.remove(place)
        aggregatesChanged = true
    }
}

extension TotalCounts {
    mutating func add(_ counts: FactCounts, _ sign: Int) {
        received += Int(counts.received) * sign
        started += Int(counts.started) * sign
        succeeded += Int(counts.succeeded) * sign
        failed += Int(counts.failed) * sign
        retried += Int(counts.retried) * sign
        revoked += Int(counts.revoked) * sign
        rejected += Int(counts.rejected) * sign
    }
}

extension NameTable.Entry {
    mutating func add(_ counts: FactCounts, _ sign: Int) {
        started += Int(counts.started) * sign
        succeeded += Int(counts.succeeded) * sign
        failed += Int(counts.failed) * sign
        retried += Int(counts.retried) * sign
    }
}

extension TaskSlot {
    /// The state that is shown: the facts, then the result backend, then doubt.
    mutating func resolve() {
        var shown = baseState
        guard hasExtra, let extra else {
            state = shown
            return
        }
        if let backend = extra.backend, !shown.isFinished {
            shown = heard(backend, over: shown)
        }
        if extra.lostEvidence != nil, !shown.isFinished { shown = .lost }
        state = shown
    }

    /// The backend is believed where no event speaks against it.
    private func heard(_ backend: BackendWord, over shown: StateCode) -> StateCode {
        switch backend.code {
        case .success, .failure:
            // A result from before this attempt is the result of another attempt.
            let begin = started.isNaN ? received : started
            return backend.done + 2 < begin ? shown : backend.code
        case .revoked:
            // `revoke` writes it at once, also for tasks that go on running.
            return shown == .pending || shown == .received ? .revoked : shown
        case .started: return shown == .pending || shown == .received ? .started : shown
        case .retry: return host == 0 ? .retry : shown
        default: return shown
        }
    }
}
