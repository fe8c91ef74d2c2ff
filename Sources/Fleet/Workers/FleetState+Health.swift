extension FleetState {
    /// Whether events do not reach us now.
    var isGapOpen: Bool { gaps.last.map { $0.to == nil } ?? false }

    /// Decides a worker's health and marks it, if that changed.
    mutating func judge(_ place: Int32, now: Double) {
        let (health, reason) = verdict(place, now: now)
        workers[place].isBeating =
            (workers[place].heartbeat.known).map {
                now - max($0, flowingSince) <= workers[place].patience
            } ?? false
        guard health != workers[place].health || reason != workers[place].reason else { return }
        if health.isUp != workers[place].health.isUp { aggregatesChanged = true }
        workers[place].health = health
        workers[place].reason = reason
        workers.mark(place)
    }

    private func verdict(_ place: Int32, now: Double) -> (WorkerHealth, String) {
        let worker = workers[place]
        if let offline = worker.offlineAt.known {
            return (.offline, "It said goodbye \(Bounded.duration(now - offline)) ago.")
        }
        if isGapOpen {
            return (.unknown, "We do not hear the broker, so nothing can be said about it.")
        }
        // Silence counts from when we could hear.
        guard let heartbeat = worker.heartbeat.known else {
            return withoutHeartbeat(worker, now: now)
        }
        let silence = now - max(heartbeat, flowingSince)
        if silence <= worker.patience { return fresh(worker, now: now) }
        return overdue(worker, silence: silence, now: now)
    }

    private func fresh(_ worker: WorkerSlot, now: Double) -> (WorkerHealth, String) {
        if worker.silences >= 2, !worker.isSolo {
            return (
                .unreachable,
                "Its heartbeats come, but it did not answer remote control \(worker.silences > 9 ? "many" : String(worker.silences)) times in a row."
            )
        }
        if let since = worker.waitingSince.known, now - since >= limits.wedgedSeconds {
            return (
                .wedged,
                "It has free slots and messages wait in its queues, but it has accepted none for \(Bounded.duration(now - since))\(oldest(worker, now: now))."
            )
        }
        let active = worker.bestActive
        if let concurrency = worker.concurrency, concurrency > 0, active >= concurrency {
            return (.busy, "All \(concurrency) slots run a task\(oldest(worker, now: now)).")
        }
        if worker.lag > limits.skewSeconds {
            return (
                .slow,
                "Its heartbeats arrive \(Bounded.duration(worker.lag)) late\(oldest(worker, now: now))."
            )
        }
        return (.online, "Its heartbeats are fresh.")
    }

    /// How long its oldest running task has run, as the end of a sentence; nothing if none runs.
    private func oldest(_ worker: WorkerSlot, now: Double) -> String {
        guard let since = worker.oldestActive.known, now - since >= 10 else { return "" }
        return "; its oldest task has run for \(Bounded.duration(now - since))"
    }

    private func overdue(
        _ worker: WorkerSlot, silence: Double, now: Double
    ) -> (WorkerHealth, String) {
        let span = Bounded.duration(silence)
        if worker.isAbsent {
            return (
                .unreachable,
                "No heartbeat for \(span), and nothing listens to its remote control: it has ended or lost the broker."
            )
        }
        if worker.isSolo, silence <= limits.ghostSeconds / 2 {
            return (
                .busy,
                "Silent for \(span): a solo worker says nothing while a task runs\(oldest(worker, now: now))."
            )
        }
        // An answer counts for as long as no later question was met with silence.
        if let answered = worker.answeredAt.known, worker.silences == 0, now - answered <= 30,
            answered > worker.heartbeat
        {
            return (
                .slow,
                "No heartbeat for \(span), but it answers remote control\(oldest(worker, now: now))."
            )
        }
        if silence <= 5 * worker.patience / 2, worker.silences < 2 {
            return (
                .slow,
                "Its heartbeat is late: the last came \(span) ago\(oldest(worker, now: now))."
            )
        }
        if worker.silences > 0, !worker.isSolo {
            return (
                .unreachable, "No heartbeat for \(span), and no answer to remote control."
            )
        }
        return (.unknown, "No heartbeat for \(span); nothing says why.")
    }

    private func withoutHeartbeat(_ worker: WorkerSlot, now: Double) -> (WorkerHealth, String) {
        if let answered = worker.answeredAt.known, now - answered <= 60, worker.silences == 0 {
            return (.online, "It sends no heartbeats, but answers remote control.")
        }
        if worker.silences >= 2 {
            return (.unreachable, "It sends no heartbeats and does not answer remote control.")
        }
        if now - worker.lastSeen <= 30, worker.sawTaskEvents {
            return (.online, "Its task events come; no heartbeat was heard.")
        }
        return (.unknown, "No heartbeat was heard.")
    }

    /// Time-outs of all workers: goodbyes to believe, ghosts to dismiss, health.
    mutating func sweepWorkers(now: Double) {
        let known = workers.count
        for place in workers.places {
            sweep(place, now: now)
            guard workers[place].isAlive else { continue }
            judge(place, now: now)
        }
        if workers.count != known { forgetDeadPlaces() }
    }

    private mutating func sweep(_ place: Int32, now: Double) {
        let worker = workers[place]
        if let goodbye = worker.goodbyeAt.known, worker.offlineAt.isNaN,
            now - goodbye >= worker.patience
        {
            workers[place].offlineAt = goodbye
            workers[place].heartbeatActive = 0
            aggregatesChanged = true
            workers.mark(place)
        }
        if worker.processes.contains(where: { now - $0.heartbeat > max(4 * worker.patience, 60) }),
            !isGapOpen, worker.processes.count > 1
        {
            let newest = worker.processes.map(\.heartbeat).max() ?? now
            workers[place].processes.removeAll {
                $0.heartbeat < newest && now - $0.heartbeat > max(4 * worker.patience, 60)
            }
            if workers[place].processes.count == 1 {
                workers[place].processes[0].alternates = false
            }
            workers.mark(place)
        }
        noteWaiting(place, now: now)
        if let reason = reasonToLeave(worker, now: now) { dismiss(place, reason: reason, now: now) }
    }

    /// Since when messages wait although the worker has free slots and accepts nothing.
    private mutating func noteWaiting(_ place: Int32, now: Double) {
        let worker = workers[place]
        let free = worker.concurrency.map { worker.bestActive < $0 } ?? (worker.bestActive == 0)
        let waits =
            worker.queues?.contains { number in
                let queue = queues[number]
                return !queue.isPaused && (queue.total ?? 0) > 0 && now - queue.depthAt <= 60
            } ?? false
        // Tasks that wait for a token of their rate limit fill its prefetch, with its slots free.
        let isLimited = !worker.rateLimits.isEmpty && worker.reserved > 0
        guard free, waits, !isLimited, worker.processed != nil else {
            workers[place].waitingSince = .nan
            return
        }
        if let since = worker.waitingSince.known {
            workers[place].waitingSince = max(since, worker.progressAt)
        } else {
            workers[place].waitingSince = now
        }
    }

    private func reasonToLeave(_ worker: WorkerSlot, now: Double) -> String? {
        guard !isGapOpen else { return nil }
        if let offline = worker.offlineAt.known {
            return now - offline > limits.ghostSeconds
                ? "It said goodbye and did not come back." : nil
        }
        let signs = max(worker.lastSeen, worker.answeredAt.known ?? worker.lastSeen, flowingSince)
        // A solo worker is silent while a task runs, and a task may run long.
        let patience = limits.ghostSeconds * (worker.isSolo && !worker.isAbsent ? 6 : 1)
        return now - signs > patience
            ? "It gave no sign of life for \(Bounded.duration(now - signs))." : nil
    }
}

extension WorkerSlot {
    /// How much later than the fastest the newest heartbeat arrived, seconds.
    var lag: Double {
        guard let newest = driftSamples.last, let best = driftSamples.max() else { return 0 }
        return best - newest
    }
}
