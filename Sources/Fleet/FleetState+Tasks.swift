import Lookup

extension FleetState {
    /// Merges a task event: finds or makes the record, adds the fact, settles the counters.
    ///
    /// - Parameter mark: the hash of the task's id.
    /// - Returns: the place of the record; -1 if the event is refused.
    mutating func merge(
        task event: borrowing TaskEvent, _ mark: IDTable.Mark, now: Double
    ) -> Int32 {
        guard !event.uuid.isEmpty, !event.origin.hostname.isEmpty else {
            refusedEvents += 1
            return -1
        }
        let stamp = sane(event.origin.timestamp, now: now)
        var fact = TaskFact(time: stamp, kind: .none)
        fact.pid = Int32(exactly: event.origin.pid) ?? 0
        var worker: Int32 = -1
        if case .sent = event.kind {
            fact.host = Bounded.hash(event.origin.hostname)
        } else {
            worker = workerPlace(event.origin.hostname, now: now)
            fact.host =
                worker >= 0 ? workers[worker].hash : Bounded.hash(event.origin.hostname)
            note(taskEvent: event, of: worker, now: now)
        }
        fill(&fact, from: event)

        let place = taskPlace(event.uuid, mark, now: now)
        let factsPerTask = limits.factsPerTask
        let (before, isNew) = tasks.slots.change(place) { slot in
            let before = slot.share()
            return (before, slot.merge(fact, offsets: offsets, limit: factsPerTask))
        }
        if isNew, fact.kind == .custom, let extra = event.extra {
            let progress = Bounded.text(extra, limits.textBytes)
            tasks.slots[place].withExtra { $0.progress = progress }
        }
        let isTold = describe(place, event, stamp: stamp, now: now)
        if isNew {
            noteWorker(place, hint: worker, hostname: event.origin.hostname, host: fact.host)
            if fact.kind == .started, worker >= 0 {
                workers[worker].noteStarted(
                    pid: fact.pid, stamp: stamp, clock: event.origin.clock)
            }
            if fact.kind.endsAttempt {
                noteEnd(place, event, stamp: stamp)
                announcements.note(isAnnounced: !tasks.slots[place].sent.isNaN)
            }
            if tasks.slots[place].hasExtra {
                tasks.slots[place].withExtra { $0.lostEvidence = nil }
            }
        }
        let (isNews, isSimple) = tasks.slots.change(place) { slot in
            slot.touched = now
            // A repetition may tell the queue, which is known since the first time.
            guard isNew || isTold || slot.flags.contains(.stale) || slot.share() != before
            else { return (false, slot.isSimple) }
            slot.flags.remove(.stale)
            return (true, slot.isSimple)
        }
        guard isNews else { return place }
        settle(
            place, before: before, now: now, measured: fact.kind != .started,
            cause: isNew && !isSimple ? fact : nil)
        return place
    }

    /// Kind, result and details of the fact.
    private mutating func fill(_ fact: inout TaskFact, from event: borrowing TaskEvent) {
        switch event.kind {
        case .sent:
            fact.kind = .sent
            fact.retries = UInt16(clamping: event.retries ?? 0)
        case .received:
            fact.kind = .received
            fact.retries = UInt16(clamping: event.retries ?? 0)
        case .started: fact.kind = .started
        case .succeeded:
            fact.kind = .succeeded
            fact.text = Bounded.text(event.result, limits.textBytes)
            if let runtime = event.runtime, runtime.isFinite, runtime >= 0 {
                fact.runtime = runtime
            }
        case .failed:
            fact.kind = .failed
            fact.text = Bounded.text(event.exception, limits.textBytes)
        case .retried:
            fact.kind = .retried
            fact.text = Bounded.text(event.exception, limits.textBytes)
        case .revoked:
            fact.kind = .revoked
            if event.terminated == true { fact.flags.insert(.terminated) }
            if event.expired == true { fact.flags.insert(.expired) }
        case .rejected:
            fact.kind = .rejected
            if event.requeue == true { fact.flags.insert(.requeue) }
        case .cancelled: fact.kind = .cancelled
        case .custom(let name):
            fact.kind = .custom
            fact.pid = 0
            fact.code = states.customCode(Bounded.cut(name, 64).uppercased())
        }
    }

    /// The place of a task, made if it is new; makes room by letting old records go.
    mutating func taskPlace(_ uuid: String, now: Double) -> Int32 {
        taskPlace(uuid, IDTable.Mark(uuid), now: now)
    }

    private mutating func taskPlace(
        _ uuid: String, _ hashed: IDTable.Mark, now: Double
    ) -> Int32 {
        let id = Bounded.id(uuid, limits.idBytes)
        let mark = uuid.utf8.count > limits.idBytes ? IDTable.Mark(id) : hashed
        if let place = tasks.find(id, mark) { return place }
        let place = tasks.create(id, mark, seen: now)
        recordsByState[Int(StateCode.pending.rawValue)] += 1
        loads.add(TaskLoads.unknown, .pending, 1)
        makeRoom(sparing: place)
        return place
    }

    /// Lets records go until both limits are kept.
    mutating func makeRoom(sparing place: Int32) {
        while tasks.count > max(limits.tasks, 1) || tasks.bytes > limits.taskBytes {
            guard let leaving = tasks.nextToLeave(sparing: place) else { return }
            if tasks.slots[leaving].state.isFinished {
                evictedFinished += 1
            } else {
                evictedOpen += 1
            }
            forget(leaving)
        }
    }

    /// Takes over name, arguments, family, eta and route, if this event knows them best.
    ///
    /// The receipt of the highest retry wins, whatever came first.
    ///
    /// - Returns: whether anything changed.
    private mutating func describe(
        _ place: Int32, _ event: borrowing TaskEvent, stamp: Double, now: Double
    ) -> Bool {
        let isReceipt: Bool
        switch event.kind {
        case .received: isReceipt = true
        case .sent: isReceipt = false
        default: return false
        }
        if !isReceipt { tellRoute(place, event, now: now) }
        let rank = Int32(clamping: event.retries ?? 0) * 2 + (isReceipt ? 1 : 0)
        let slot = tasks.slots[place].describedRank
        let isBest =
            rank > slot || (rank == slot && stamp > tasks.slots[place].describedAt)
        if isBest {
            tasks.slots[place].describedRank = rank
            tasks.slots[place].describedAt = stamp
        }
        tellText(place, event, isBest: isBest)
        tellName(place, event.name, isBest: isBest, now: now)
        tellFamily(place, parent: event.parentID, root: event.rootID, isBest: isBest)
        if isBest { tellSchedule(place, eta: event.eta, expires: event.expires, at: stamp) }
        if isReceipt { inferQueue(place, hostname: event.origin.hostname) }
        return isBest
    }

    private mutating func tellText(_ place: Int32, _ event: borrowing TaskEvent, isBest: Bool) {
        if let args = event.args, isBest || tasks.slots[place].args == nil {
            tasks.slots[place].args = Bounded.text(args, limits.textBytes)
        }
        if let kwargs = event.kwargs, isBest || tasks.slots[place].kwargs == nil {
            tasks.slots[place].kwargs = Bounded.text(kwargs, limits.textBytes)
        }
    }

    /// Sets the name; figures follow when the change is settled.
    mutating func tellName(_ place: Int32, _ name: String?, isBest: Bool, now: Double) {
        guard let name, !name.isEmpty else { return }
        let known = tasks.slots[place].name
        guard known == nil || (isBest && known != name) else { return }
        let bounded = Bounded.cut(name, limits.nameBytes)
        let index = nameTable.place(bounded, now: now)
        // The table's own string, so that all tasks of one name share one.
        tasks.slots[place].name = index == 0 ? bounded : nameTable.entries[Int(index)].name
        tasks.slots[place].nameIndex = index
    }

    mutating func tellFamily(_ place: Int32, parent: String?, root: String?, isBest: Bool) {
        if let root, isBest || tasks.slots[place].rootID == nil {
            tasks.slots[place].rootID = Bounded.id(root, limits.idBytes)
        }
        // A retried task names itself as its parent.
        guard let parent, !parent.isEmpty else { return }
        let bounded = Bounded.id(parent, limits.idBytes)
        let known = tasks.slots[place].parentID
        guard bounded != tasks.slots[place].id, known == nil || (isBest && known != bounded) else {
            return
        }
        tasks.unlinkFromParent(place)
        tasks.slots[place].parentID = bounded
        tasks.linkToParent(place)
    }

    mutating func tellSchedule(_ place: Int32, eta: String?, expires: String?, at stamp: Double) {
        guard eta != nil || expires != nil || tasks.slots[place].hasExtra else { return }
        let eta = Bounded.text(eta, 64)
        let expires = Bounded.text(expires, 64)
        tasks.slots[place].withExtra { extra in
            extra.eta = eta
            extra.expires = expires
        }
        judgeETA(place, from: stamp)
    }

    /// Notes whether a task is held for longer than the visibility timeout, counted from a time on.
    private mutating func judgeETA(_ place: Int32, from stamp: Double) {
        let due = tasks.slots[place].extra?.eta.flatMap(ISOTime.seconds) ?? stamp
        tasks.slots[place].setFlag(.longETA, due - stamp >= visibilityTimeout)
    }

    /// Judges the eta of all open tasks anew: often they are told before the visibility timeout is.
    mutating func judgeETAs(now: Double) {
        var place = tasks.open.head
        while place >= 0 {
            let next = tasks.slots[place].next
            if tasks.slots[place].hasExtra, tasks.slots[place].extra?.eta != nil {
                let before = tasks.slots[place].share()
                let received = tasks.slots[place].received
                let stamp = received.isNaN ? tasks.slots[place].describedAt : received
                if stamp.isFinite { judgeETA(place, from: stamp) }
                if tasks.slots[place].share() != before {
                    settle(place, before: before, now: now, measured: false)
                }
            }
            place = next
        }
    }

    private mutating func tellRoute(_ place: Int32, _ event: borrowing TaskEvent, now: Double) {
        if let queue = event.queue ?? (event.exchange == "" ? event.routingKey : nil) {
            tellQueue(place, queue, inferred: false, now: now)
        }
        tellExchange(place, event.exchange, event.routingKey)
    }

    mutating func tellExchange(_ place: Int32, _ exchange: String?, _ routingKey: String?) {
        guard exchange != nil || routingKey != nil else { return }
        if exchange == "", routingKey == tasks.slots[place].queue {
            tasks.slots[place].flags.insert(.plainRoute)
            return
        }
        let exchange = Bounded.text(exchange, limits.nameBytes)
        let routingKey = Bounded.text(routingKey, limits.nameBytes)
        tasks.slots[place].withExtra { extra in
            extra.exchange = exchange
            extra.routingKey = routingKey
        }
    }

    /// Notes the queue of a task. What was told is not replaced by what was inferred.
    mutating func tellQueue(_ place: Int32, _ queue: String, inferred: Bool, now: Double) {
        guard !queue.isEmpty else { return }
        let wasInferred = tasks.slots[place].flags.contains(.queueInferred)
        guard tasks.slots[place].queue == nil || (!inferred && wasInferred) else { return }
        let number = queuePlace(queue, now: now)
        tasks.slots[place].queue =
            number >= 0 ? queues[number].name : Bounded.text(queue, limits.nameBytes)
        tasks.slots[place].queueIndex = number
        tasks.slots[place].setFlag(.queueInferred, inferred)
        let name = tasks.slots[place].nameIndex
        if !inferred, number >= 0, name != NameTable.none, name != 0 {
            nameTable.remember(queue: number, of: name)
        }
    }

    /// A worker with one queue took it from there; else the queue of the last task of that name,
    /// if this worker consumes it.
    private mutating func inferQueue(_ place: Int32, hostname: String) {
        guard tasks.slots[place].queue == nil, let worker = workers.find(hostname),
            let consumed = workers[worker].queues
        else { return }
        var number: Int32 = -1
        let name = tasks.slots[place].nameIndex
        if consumed.count == 1 {
            number = consumed[0]
        } else if name != NameTable.none, name != 0 {
            let known = nameTable.entries[Int(name)].queue
            if consumed.contains(known) { number = known }
        }
        guard number >= 0, queues[number].isAlive else { return }
        tasks.slots[place].queue = queues[number].name
        tasks.slots[place].queueIndex = number
        tasks.slots[place].flags.insert(.queueInferred)
    }

    /// Names the worker of the current attempt.
    mutating func noteWorker(_ place: Int32, hint: Int32, hostname: String, host: UInt32) {
        let current = tasks.slots[place].host
        guard current != 0 else { return }
        if current == host, hint >= 0 || tasks.slots[place].worker == nil {
            if tasks.slots[place].workerIndex == hint, hint >= 0 { return }
            tasks.slots[place].workerIndex = hint
            tasks.slots[place].worker =
                hint >= 0 ? workers[hint].name : Bounded.text(hostname, limits.nameBytes)
        } else if current != host, let other = workersByHash[current] {
            tasks.slots[place].workerIndex = other
            tasks.slots[place].worker = workers[other].name
        }
    }

    /// Details of an end that only few have.
    private mutating func noteEnd(_ place: Int32, _ event: borrowing TaskEvent, stamp: Double) {
        if let traceback = event.traceback {
            let bounded = Bounded.text(traceback, limits.tracebackBytes)
            tasks.slots[place].withExtra { extra in
                guard stamp >= extra.tracebackTime else { return }
                extra.traceback = bounded
                extra.tracebackTime = stamp
            }
        }
        if let signum = event.signum {
            let bounded = Bounded.text(signum, 32)
            tasks.slots[place].withExtra { $0.signum = bounded }
        }
    }
}
