extension FleetState {
    /// Notes that events may be lost from `from` on: all that is open becomes stale.
    ///
    /// - Returns: the gap's number.
    @discardableResult
    package mutating func openGap(from: Double, reason: String, now: Double) -> Int {
        let gap = Gap(
            id: nextGap, from: from, to: nil, reason: Bounded.cut(reason, 255), lost: nil,
            reconciledAt: nil)
        nextGap += 1
        gaps.append(gap)
        if gaps.count > max(limits.gaps, 1) { changedGaps.insert(gaps.removeFirst().id) }
        changedGaps.insert(gap.id)
        makeAllStale(now: now)
        return gap.id
    }

    /// Notes that events flow again; `lost` is the number of messages lost, if known.
    package mutating func closeGap(_ id: Int, at: Double, lost: Int?) {
        guard let index = gaps.firstIndex(where: { $0.id == id }), gaps[index].to == nil else {
            return
        }
        gaps[index].to = max(at, gaps[index].from)
        gaps[index].lost = lost
        changedGaps.insert(id)
        flowingSince = max(flowingSince, at)
        // What opened while the gap lasted may have missed events, too.
        makeAllStale(now: at)
    }

    private mutating func makeAllStale(now: Double) {
        aggregatesChanged = true
        var task = tasks.open.head
        while task >= 0 {
            if !tasks.slots[task].flags.contains(.stale) {
                tasks.slots[task].flags.insert(.stale)
                tasks.mark(task)
            }
            task = tasks.slots[task].next
        }
        for place in workers.places {
            workers[place].isStale = true
            workers.mark(place)
            judge(place, now: now)
        }
        for place in queues.places {
            queues[place].isStale = true
            queues.mark(place)
        }
    }

    /// Ends a round of questions: what is still open and unknown to everybody becomes LOST, what
    /// is confirmed is no longer stale, closed gaps count as reconciled.
    package mutating func reconcile(_ round: Reconciliation, now: Double) {
        var place = tasks.open.head
        while place >= 0 {
            let next = tasks.slots[place].next
            reconcile(place, round, now: now)
            place = next
        }
        guard round.isWhole else { return }
        // Who has said goodbye cannot confirm it.
        for place in workers.places
        where workers[place].isStale && workers[place].offlineAt.known != nil {
            workers[place].isStale = false
            workers.mark(place)
        }
        for index in gaps.indices where gaps[index].to != nil && gaps[index].reconciledAt == nil {
            guard (gaps[index].to ?? now) <= round.startedAt else { continue }
            gaps[index].reconciledAt = now
            changedGaps.insert(gaps[index].id)
        }
    }

    private mutating func reconcile(_ place: Int32, _ round: Reconciliation, now: Double) {
        // Whatever moved since the first question is alive.
        guard tasks.slots[place].touched < round.startedAt else { return confirm(place) }
        guard let evidence = evidenceOfLoss(place, round, now: now) else {
            if isConfirmed(place, round) { confirm(place) }
            return
        }
        let before = tasks.slots[place].share()
        tasks.slots[place].withExtra { $0.lostEvidence = evidence }
        tasks.slots[place].flags.remove(.stale)
        settle(place, before: before, now: now, measured: true)
    }

    private mutating func confirm(_ place: Int32) {
        guard tasks.slots[place].flags.contains(.stale) else { return }
        tasks.slots[place].flags.remove(.stale)
        tasks.mark(place)
    }

    /// Whether everybody who could know more of a task was asked and knew nothing: then it is as far as
    /// we think, such as waiting in a queue, or for a token of its rate limit.
    private func isConfirmed(_ place: Int32, _ round: Reconciliation) -> Bool {
        guard tasks.slots[place].flags.contains(.stale),
            round.withoutResult.contains(tasks.slots[place].id)
        else { return false }
        let slot = tasks.slots[place]
        if slot.state == .pending || slot.state == .retry {
            let queue = slot.queueIndex
            if queue >= 0 {
                guard queues[queue].depthAt >= round.startedAt else { return false }
            }
            return workers.places.allSatisfy { number in
                let worker = workers[number]
                if !worker.health.isUp || round.answered.contains(worker.name) { return true }
                // Who does not consume its queue cannot have taken it.
                guard queue >= 0, let consumed = worker.queues else { return false }
                return !consumed.contains(queue)
            }
        }
        guard let name = slot.worker else { return allAnswered(round) }
        return round.answered.contains(name)
    }

    /// Why a task that no answer names is lost; `nil` if it may still be somewhere.
    private func evidenceOfLoss(
        _ place: Int32, _ round: Reconciliation, now: Double
    ) -> String? {
        guard round.withoutResult.contains(tasks.slots[place].id) else { return nil }
        let slot = tasks.slots[place]
        let last = "last seen \(states.state(slot.state).name)"
        if slot.state == .pending || slot.state == .retry {
            return evidenceOfVanishing(slot, round, last: last)
        }
        guard let name = slot.worker, let worker = workers.find(name) else {
            guard slot.worker != nil || slot.host != 0 else {
                // Nobody was ever named: everyone who is up must have answered.
                return allAnswered(round)
                    ? "No worker has it and the result backend knows nothing of it; \(last)."
                    : nil
            }
            return
                "Its worker \(slot.worker ?? "") is gone and the result backend knows nothing of it; \(last)."
        }
        if round.answered.contains(name) {
            // Tasks that wait for a rate limit token are in none of the lists, as long as the process
            // lives that received them.
            if slot.state == .received, hasRateLimit(worker, slot.name) {
                guard isGone(slot.pid, of: worker) else { return nil }
                return
                    "The process \(slot.pid) of \(name) that received it is gone, no other has it and the result backend knows nothing of it; \(last)."
            }
            return
                "\(name) does not have it any more and the result backend knows nothing of it; \(last). It ended without a trace, or its last event was lost."
        }
        if slot.state.isRunning, saysNothingRuns(workers[worker], since: slot.touched) {
            return
                "\(name) does not answer remote control, but its heartbeats say that nothing runs there any more, and the result backend knows nothing of it; \(last). It ended without a trace, or its last event was lost."
        }
        guard workers[worker].health == .offline || workers[worker].health == .unreachable,
            now - workers[worker].lastSeen > max(30, workers[worker].patience * 2)
        else { return nil }
        return
            "\(name) is \(workers[worker].health.rawValue), no other worker has it and the result backend knows nothing of it; \(last)."
    }

    /// Whether a worker that cannot be asked has told by two heartbeats, since something was heard of a
    /// task, that none runs.
    private func saysNothingRuns(_ worker: WorkerSlot, since time: Double) -> Bool {
        worker.silences >= 2 && worker.duplicates == 1 && worker.idleBefore > time
    }

    /// A task that was sent and never received: lost when its queue is empty and nobody holds it.
    private func evidenceOfVanishing(
        _ slot: TaskSlot, _ round: Reconciliation, last: String
    ) -> String? {
        guard slot.queueIndex >= 0 else { return nil }
        let queue = queues[slot.queueIndex]
        guard queue.depthAt >= round.startedAt, queue.total == 0, queue.depth?.unacked == 0,
            queue.depth?.unreachable ?? 0 == 0, allAnswered(round)
        else { return nil }
        return
            "Queue \(queue.name) is empty, no worker has it and the result backend knows nothing of it; \(last)."
    }

    /// Open tasks of which nothing was heard since a time, so that the backend should be asked: those
    /// that some worker had, those that left a queue which is now empty, and those that a gap left
    /// doubtful. Oldest first.
    ///
    /// - Parameter skipping: how many of the oldest are left out.
    package func doubtfulTasks(
        untouchedSince time: Double, skipping: Int = 0, limit: Int
    ) -> [String] {
        var ids: [String] = []
        var skipped = 0
        var place = tasks.open.head
        while place >= 0, ids.count < limit {
            if tasks.slots[place].touched < time, isDoubtful(place) {
                if skipped < skipping {
                    skipped += 1
                } else {
                    ids.append(tasks.slots[place].id)
                }
            }
            place = tasks.slots[place].next
        }
        return ids
    }

    /// Whether a task is kept and has not ended.
    package func isOpen(_ id: String) -> Bool {
        guard let place = tasks.find(Bounded.id(id, limits.idBytes)) else { return false }
        return !tasks.slots[place].state.isFinished
    }

    private func isDoubtful(_ place: Int32) -> Bool {
        let state = tasks.slots[place].state
        if tasks.slots[place].flags.contains(.stale) { return true }
        guard state == .pending || state == .retry else { return true }
        let queue = tasks.slots[place].queueIndex
        return queue >= 0 && queues[queue].total == 0
    }

    private func allAnswered(_ round: Reconciliation) -> Bool {
        workers.places.allSatisfy {
            !workers[$0].health.isUp || round.answered.contains(workers[$0].name)
        }
    }

    /// Whether a process no longer speaks for its worker, while another one does.
    private func isGone(_ pid: Int32, of worker: Int32) -> Bool {
        let processes = workers[worker].processes
        return pid != 0 && !processes.isEmpty && !processes.contains { $0.pid == pid }
    }

    private func hasRateLimit(_ worker: Int32, _ name: String?) -> Bool {
        guard let name else { return !workers[worker].rateLimits.isEmpty }
        return workers[worker].rateLimits.contains { $0.name == name }
    }

    /// Lets time pass: health, time-outs, rates, ghosts. Call it about once a second; calls that
    /// come sooner than half a second after the last one only move the rates.
    package mutating func advance(now: Double) {
        rates.advance(to: now)
        guard now - lastSweep >= 0.5 || now < lastSweep else { return }
        lastSweep = now
        noteOldest(now: now)
        sweepWorkers(now: now)
        sweepQueues(now: now)
        nameTable.advance(to: now)
        _ = latencies.advance(to: now)
        nameTable.recycle(now: now, quietFor: limits.ghostSeconds)
        rememberFindings(now: now)
        aggregatesChanged = true
    }
}
