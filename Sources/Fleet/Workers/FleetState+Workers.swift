extension FleetState {
    /// The place of a worker name, made if it is new; -1 if there is no room.
    mutating func workerPlace(_ hostname: String, now: Double) -> Int32 {
        let name = Bounded.id(hostname, limits.nameBytes)
        let known = workers.count
        let place = workers.place(name) { WorkerSlot(name: name, now: now) }
        if workers.count != known {
            workersByHash[workers[place].hash] = place
            arrivals.insert(name)
            aggregatesChanged = true
        }
        return place
    }

    /// A task event is a sign of life, and shows that task events are on.
    mutating func note(taskEvent event: borrowing TaskEvent, of place: Int32, now: Double) {
        guard place >= 0 else { return }
        // Custom events are sent even if task events are off.
        let isCustom = if case .custom = event.kind { true } else { false }
        if workers[place].heard(ofTask: !isCustom, now: now) { workers.mark(place) }
    }

    /// Merges a worker event.
    mutating func merge(worker event: WorkerEvent, now: Double) {
        guard !event.origin.hostname.isEmpty else {
            refusedEvents += 1
            return
        }
        let stamp = sane(event.origin.timestamp, now: now)
        switch event.kind {
        case .offline: noteGoodbye(event, stamp: stamp, now: now)
        case .online, .heartbeat: noteHeartbeat(event, stamp: stamp, now: now)
        case .other:
            let place = workerPlace(event.origin.hostname, now: now)
            if place >= 0 { workers[place].lastSeen = now }
        }
    }

    /// A goodbye is believed only when nothing is heard for two periods: workers say it at every
    /// reconnect, 10 ms to 1.1 s before they are back.
    private mutating func noteGoodbye(_ event: WorkerEvent, stamp: Double, now: Double) {
        guard let place = workers.find(Bounded.id(event.origin.hostname, limits.nameBytes)) else {
            return
        }
        let pid = Int32(truncatingIfNeeded: event.origin.pid)
        workers[place].lastSeen = now
        let others = workers[place].processes.contains { process in
            process.pid != pid && now - process.heartbeat <= workers[place].patience
        }
        if others {
            // Its successor, or a namesake, goes on.
            workers[place].processes.removeAll { $0.pid == pid }
        } else if stamp >= workers[place].newestStamp(of: pid) {
            workers[place].goodbyeAt = now
            workers[place].goodbyeStamp = stamp
        }
        workers.mark(place)
    }

    private mutating func noteHeartbeat(_ event: WorkerEvent, stamp: Double, now: Double) {
        let place = workerPlace(event.origin.hostname, now: now)
        guard place >= 0 else { return }
        let pid = Int32(truncatingIfNeeded: event.origin.pid)
        let isNew = workers[place].noteProcess(
            pid, stamp: stamp, now: now, limit: limits.processesPerWorker)
        if isNew {
            arrivals.insert(workers[place].name)
            aggregatesChanged = true
        }
        let isNewest = stamp >= workers[place].newestStamp(of: pid)
        workers[place].lastSeen = now
        workers[place].heartbeat = now
        workers[place].isStale = false
        if isNew || stamp >= workers[place].goodbyeStamp {
            workers[place].goodbyeAt = .nan
            workers[place].offlineAt = .nan
        }
        if isNewest { workers[place].take(event, pid: pid, now: now) }
        if let processed = event.processed, isNewest {
            workers[place].noteProcessed(
                max(processed, 0), pid: pid, stamp: stamp, now: now,
                keep: limits.completenessSeconds)
        }
        noteDrift(place, stamp - now)
        workers.mark(place)
        judge(place, now: now)
    }

    /// Worker clock minus ours: of the newest samples the greatest, which had the least delay.
    private mutating func noteDrift(_ place: Int32, _ sample: Double) {
        workers[place].driftSamples.append(sample)
        if workers[place].driftSamples.count > 8 { workers[place].driftSamples.removeFirst() }
        let drift = workers[place].driftSamples.max() ?? 0
        workers[place].drift = drift
        let isWrong = abs(drift) > limits.skewSeconds
        // Changed in steps of a second: times already taken over must not wander.
        let offset = isWrong ? drift : 0
        guard
            abs(offset - workers[place].offset) > 1 || (offset == 0) != (workers[place].offset == 0)
        else { return }
        workers[place].offset = offset
        if offset == 0 {
            offsets.removeValue(forKey: workers[place].hash)
        } else {
            offsets[workers[place].hash] = offset
        }
    }

    /// Takes a worker off the list and leaves a trace; `forgetDeadPlaces` must follow.
    mutating func dismiss(_ place: Int32, reason: String, now: Double) {
        let worker = workers[place]
        traces.append(
            WorkerTrace(
                id: nextTrace, name: worker.name, pid: worker.pid == 0 ? nil : Int(worker.pid),
                lastSeen: worker.lastSeen, leftAt: now, reason: reason))
        nextTrace += 1
        if traces.count > limits.traces { traces.removeFirst(traces.count - limits.traces) }
        setConsumed(place, [], now: now)
        offsets.removeValue(forKey: worker.hash)
        if workersByHash[worker.hash] == place { workersByHash.removeValue(forKey: worker.hash) }
        workers.remove(place)
        aggregatesChanged = true
    }

    /// Takes the numbers of dismissed workers and queues out of the tasks, which keep the names:
    /// a number will mean another worker later. One pass, however many left.
    mutating func forgetDeadPlaces() {
        for head in [tasks.open.head, tasks.finished.head] {
            var task = head
            while task >= 0 {
                let worker = tasks.slots[task].workerIndex
                let queue = tasks.slots[task].queueIndex
                if worker >= 0, !workers[worker].isAlive { tasks.slots[task].workerIndex = -1 }
                if queue >= 0, !queues[queue].isAlive { forgetQueue(of: task) }
                task = tasks.slots[task].next
            }
        }
    }
}

extension WorkerSlot {
    /// Notes an event that is no sign of its own.
    ///
    /// - Parameter isTask: whether it shows that task events are on.
    /// - Returns: whether that is news.
    mutating func heard(ofTask isTask: Bool, now: Double) -> Bool {
        lastSeen = now
        roseWithoutEvents = 0
        guard isTask, !sawTaskEvents else { return false }
        sawTaskEvents = true
        return true
    }

    /// Sender's time of the newest sign of a process.
    func newestStamp(of pid: Int32) -> Double {
        processes.first { $0.pid == pid }?.stamp ?? -Double.infinity
    }

    /// Notes that a process spoke for this name.
    ///
    /// - Returns: whether it is a new process.
    mutating func noteProcess(_ pid: Int32, stamp: Double, now: Double, limit: Int) -> Bool {
        if let index = processes.firstIndex(where: { $0.pid == pid }) {
            let last = processes[index].heartbeat
            if processes.contains(where: { $0.pid != pid && $0.heartbeat > last }) {
                for other in processes.indices
                where now - processes[other].heartbeat <= 2 * patience {
                    processes[other].alternates = true
                }
                processes[index].alternates = true
            }
            processes[index].heartbeat = now
            processes[index].stamp = max(processes[index].stamp, stamp)
            return false
        }
        if processes.count >= max(limit, 1) {
            let oldest = processes.indices.min { processes[$0].heartbeat < processes[$1].heartbeat }
            if let oldest { processes.remove(at: oldest) }
        }
        processes.append(WorkerProcess(pid: pid, heartbeat: now, stamp: stamp))
        return true
    }

    /// Takes over what a heartbeat says.
    mutating func take(_ event: WorkerEvent, pid newPID: Int32, now: Double) {
        if pid != newPID {
            if pid != 0, !processes.contains(where: \.alternates) { forgetProcess(now: now) }
            pid = newPID
        }
        // A heartbeat on request says freq = 5 and nothing else: not the worker's own period.
        if event.active != nil || event.processed != nil || event.kind == .online,
            let freq = event.freq, freq > 0, freq <= 3_600
        {
            self.freq = freq
        }
        if let active = event.active {
            heartbeatActive = max(active, 0)
            (idleBefore, idleAt) = active > 0 ? (.nan, .nan) : (idleAt, now)
            if let index = processes.firstIndex(where: { $0.pid == newPID }) {
                processes[index].active = max(active, 0)
            }
        }
        if let loadavg = event.loadavg { loadAverage = Array(loadavg.prefix(3)) }
        if let software = event.software {
            self.software = Bounded.text(
                event.version.map { "\(software) \($0)" } ?? software, 64)
        }
        if let platform = event.platform { self.platform = Bounded.text(platform, 64) }
    }

    /// What a new process under the same name does not inherit.
    private mutating func forgetProcess(now: Double) {
        stats = nil
        statsAt = .nan
        processed = nil
        toldActive = nil
        sawTaskEvents = false
        roseWithoutEvents = 0
        silences = 0
        progressAt = now
    }

    mutating func noteProcessed(
        _ count: Int, pid: Int32, stamp: Double, now: Double, keep: Double
    ) {
        if let before = processed, count > before, !sawTaskEvents { roseWithoutEvents += 1 }
        if processed != count { progressAt = now }
        processed = count
        guard let index = processes.firstIndex(where: { $0.pid == pid }) else { return }
        processes[index].processed = count
        processes[index].meter.noteProcessed(count, stamp: stamp, now: now, keep: keep)
    }

    /// Counts a task-started for the meters of its process.
    mutating func noteStarted(pid: Int32, stamp: Double, clock: Int64) {
        guard let index = processes.firstIndex(where: { $0.pid == pid }) else { return }
        processes[index].meter.noteStarted(at: stamp)
        processes[index].answered.noteStarted(at: Double(clock))
    }

    /// Starts of a process that should have been seen, and that were.
    func sums(of process: WorkerProcess) -> (expected: Int, seen: Int) {
        hiding.isEmpty ? process.meter.sums : process.answered.sums
    }

    /// Starts expected and seen; nothing while its task events are off.
    var meterSums: (expected: Int, seen: Int) {
        guard eventsOn == true else { return (0, 0) }
        return processes.reduce(into: (0, 0)) { total, process in
            let sums = sums(of: process)
            total.0 += sums.expected
            total.1 += sums.seen
        }
    }
}
