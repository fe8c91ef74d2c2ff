extension FleetState {
    /// Merges one worker's answer to a question.
    package mutating func apply(_ reply: InspectReply, from worker: String, receivedAt now: Double)
    {
        guard !worker.isEmpty else { return }
        let place = workerPlace(worker, now: now)
        guard place >= 0 else { return }
        workers[place].answeredAt = now
        workers[place].silences = 0
        workers[place].isStale = false
        if workers[place].offlineAt.known != nil, workers[place].goodbyeAt.known != nil {
            // Whoever answers is not gone.
            workers[place].goodbyeAt = .nan
            workers[place].offlineAt = .nan
        }
        switch reply {
        case .pong: break
        case .stats(let stats): take(stats, place, now: now)
        case .activeQueues(let consumed): take(consumed, place, now: now)
        case .active(let infos): take(active: infos, place, now: now)
        case .reserved(let infos):
            for info in infos { take(info, place, eta: nil, isHeld: false, now: now) }
        case .scheduled(let held):
            for task in held {
                take(task.request, place, eta: task.eta, isHeld: true, now: now)
            }
        case .revoked(let ids): take(revoked: ids, place, now: now)
        case .registered(let registered):
            takeHidden(registered, place)
            let kept = registered.prefix(limits.namesPerWorker)
            workers[place].registered = kept.map { Bounded.cut($0.name, limits.nameBytes) }
            workers[place].rateLimits = kept.filter { $0.rateLimit != nil }.map {
                RegisteredTask(
                    name: Bounded.cut($0.name, limits.nameBytes),
                    rateLimit: Bounded.text($0.rateLimit, 64))
            }
        case .conf(let settings): take(settings, place, now: now)
        }
        workers.mark(place)
        judge(place, now: now)
    }

    /// Notes that these workers were asked and did not answer in time.
    ///
    /// - Parameter everybodyAnswered: whether as many answered as the broker counted listeners (what
    ///   `PUBLISH` returns, wire.md 2.1): then these did not even listen.
    package mutating func noteSilence(
        of names: [String], everybodyAnswered: Bool = false, now: Double
    ) {
        for name in names {
            guard let place = workers.find(Bounded.id(name, limits.nameBytes)) else { continue }
            workers[place].silences = min(workers[place].silences + 1, 1_000)
            if everybodyAnswered { workers[place].absentAt = now }
            judge(place, now: now)
        }
    }

    private mutating func take(_ stats: WorkerStats, _ place: Int32, now: Double) {
        var stats = stats
        stats.processes = Array(stats.processes.prefix(limits.namesPerWorker))
        stats.pool = Bounded.text(stats.pool, 64)
        let totals = stats.totals
        stats.totals = [:]
        workers[place].stats = stats
        workers[place].statsAt = now
        guard let pid = stats.pid else { return }
        let number = Int32(truncatingIfNeeded: pid)
        if workers[place].pid == 0 { workers[place].pid = number }
        guard let index = workers[place].processes.firstIndex(where: { $0.pid == number }) else {
            return
        }
        guard let clock = stats.clock else { return }
        // What it accepted and did not hide.
        let hiding = workers[place].hiding
        let visible = totals.reduce(0) { hiding.contains($1.key) ? $0 : $0 + max($1.value, 0) }
        workers[place].processes[index].answered.noteProcessed(
            visible, stamp: Double(clock), now: now, keep: limits.completenessSeconds)
    }

    /// Which tasks hide their events, as the worker itself says: what no event ever names can be told
    /// from what was lost in no other way.
    private mutating func takeHidden(_ registered: [RegisteredTask], _ place: Int32) {
        let names = registered.lazy.filter { $0.sendsEvents == false }.map(\.name)
        let hiding = Set(names.prefix(limits.namesPerWorker))
        guard hiding != workers[place].hiding else { return }
        workers[place].hiding = hiding
        // Figures from before counted something else.
        for index in workers[place].processes.indices {
            workers[place].processes[index].answered = CompletenessMeter()
        }
    }

    private mutating func take(_ consumed: [ConsumedQueue], _ place: Int32, now: Double) {
        var numbers: [Int32] = []
        for queue in consumed.prefix(limits.namesPerWorker) where !queue.name.isEmpty {
            let number = queuePlace(queue.name, now: now)
            guard number >= 0, !numbers.contains(number) else { continue }
            queues[number].isDeclared = true
            queues[number].lastSeen = now
            numbers.append(number)
        }
        workers[place].consumed = consumed.prefix(limits.namesPerWorker).filter {
            !$0.name.isEmpty
        }
        workers[place].consumedAt = now
        setConsumed(place, numbers, now: now)
        for number in queues.places { noteConsumption(number, now: now) }
    }

    private mutating func take(_ settings: WorkerSettings, _ place: Int32, now: Double) {
        var settings = settings
        if settings.all.count > limits.namesPerWorker {
            let names = settings.all.keys.sorted().prefix(limits.namesPerWorker)
            settings.all = settings.all.filter { names.contains($0.key) }
        }
        workers[place].settings = settings
        let timeout =
            workers.places.compactMap { workers[$0].settings?.visibilityTimeout }.min()
            ?? limits.visibilityTimeout
        guard timeout != visibilityTimeout else { return }
        visibilityTimeout = timeout
        judgeETAs(now: now)
    }

    private mutating func take(active infos: [TaskInfo], _ place: Int32, now: Double) {
        workers[place].toldActive = infos.count
        for info in infos {
            take(info, place, eta: nil, isHeld: false, now: now)
        }
    }

    /// Merges a worker's description of a task it holds. What it says about receipt and start is
    /// deduced, so the real events replace it.
    private mutating func take(
        _ info: TaskInfo, _ worker: Int32, eta: String?, isHeld: Bool, now: Double
    ) {
        guard !info.id.isEmpty else { return }
        let place = taskPlace(info.id, now: now)
        let before = tasks.slots[place].share()
        let isEnded = tasks.slots[place].state.isFinished && tasks.slots[place].state != .lost
        let start = info.timeStart.map { sane($0, now: now) }
        if isEnded, !(start.map { $0 > tasks.slots[place].ended + 1 } ?? false) {
            // The answer is older than the end that we know.
            return
        }
        addSoft(place, worker, kind: .received, time: start ?? now)
        if let start { addSoft(place, worker, kind: .started, time: start) }
        noteWorker(
            place, hint: worker, hostname: workers[worker].name, host: workers[worker].hash)
        tellName(place, info.name, isBest: false, now: now)
        if tasks.slots[place].args == nil {
            tasks.slots[place].args = Bounded.text(info.args, limits.textBytes)
        }
        if tasks.slots[place].kwargs == nil {
            tasks.slots[place].kwargs = Bounded.text(info.kwargs, limits.textBytes)
        }
        if let key = info.routingKey {
            if info.exchange == "" { tellQueue(place, key, inferred: false, now: now) }
            if !tasks.slots[place].flags.contains(.plainRoute) {
                tellExchange(place, info.exchange, key)
            }
        }
        if let priority = info.priority, (0...127).contains(priority) {
            tasks.slots[place].priority = Int8(priority)
        }
        if isHeld, eta != nil, tasks.slots[place].extra?.eta == nil {
            tellSchedule(
                place, eta: eta, expires: tasks.slots[place].extra?.expires, at: now)
        }
        // Of a gevent worker it is the id of a greenlet, which is no process.
        let pool = Int32(exactly: info.workerPID ?? 0) ?? 0
        let isAgain = info.redelivered == true
        if tasks.slots[place].hasExtra || pool != 0 || isAgain {
            tasks.slots[place].withExtra { extra in
                extra.lostEvidence = nil
                if pool != 0 { extra.poolPID = pool }
                if isAgain { extra.toldRedelivered = true }
            }
        }
        tasks.slots[place].touched = now
        tasks.slots[place].flags.remove(.stale)
        settle(place, before: before, now: now, measured: true)
    }

    private mutating func addSoft(
        _ place: Int32, _ worker: Int32, kind: TaskFact.Kind, time: Double
    ) {
        let host = workers[worker].hash
        // A known receipt or start on that worker says more than the answer.
        let isKnown =
            kind == .received
            ? !tasks.slots[place].received.isNaN : !tasks.slots[place].started.isNaN
        let isOver = tasks.slots[place].end != .none
        if isKnown, !isOver, tasks.slots[place].host == host { return }
        let fact = TaskFact(
            time: time, host: host, pid: workers[worker].pid, retries: tasks.slots[place].retries,
            kind: kind, flags: .soft)
        _ = tasks.slots[place].merge(fact, offsets: offsets, limit: limits.factsPerTask)
    }
}
