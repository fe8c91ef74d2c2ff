extension FleetState {
    /// The place of a queue, made if it is new; -1 if there is no room.
    mutating func queuePlace(_ queue: String, now: Double) -> Int32 {
        let name = Bounded.id(queue, limits.nameBytes)
        let known = queues.count
        let place = queues.place(name) { QueueSlot(name: name, now: now) }
        if queues.count != known {
            aggregatesChanged = true
            queues[place].pause = pausedQueues[name]
        }
        return place
    }

    /// Merges readings of queue keys. Queues that are not named keep their last reading.
    package mutating func apply(depths: [QueueDepth], now: Double) {
        for depth in depths where !depth.name.isEmpty {
            let place = queuePlace(depth.name, now: now)
            guard place >= 0 else { continue }
            var depth = depth
            depth.steps = depth.steps.prefix(16).map { max($0, 0) }
            let total = depth.steps.reduce(0, +)
            if depth.unreachable == nil { depth.unreachable = queues[place].depth?.unreachable }
            let age = queues[place].oldestAge.map { Int($0) }
            if depth != queues[place].depth || queues[place].isStale {
                queues.mark(place)
                aggregatesChanged = true
            }
            queues[place].depth = depth
            queues[place].depthAt = now
            if total == 0 { queues[place].oldest.removeAll() }
            if queues[place].oldestAge.map({ Int($0) }) != age { queues.mark(place) }
            queues[place].isStale = false
            if total > 0 { queues[place].lastSeen = now }
            queues[place].noteDepth(total, now: now)
            noteConsumption(place, now: now)
        }
    }

    /// Notes which messages are next in the lists of queues, and from when on they wait: since their
    /// task-sent event, or, without one, since they were first seen here.
    package mutating func apply(oldest messages: [OldestMessage], now: Double) {
        for message in messages where 0..<16 ~= message.place && !message.tag.isEmpty {
            guard let place = queues.find(Bounded.id(message.queue, limits.nameBytes)) else {
                continue
            }
            let tag = Bounded.id(message.tag, limits.idBytes)
            let known = queues[place].oldest[message.place]
            guard known?.tag != tag else { continue }
            let sent = message.taskID.flatMap { task($0)?.sent }
            queues[place].oldest[message.place] = (tag, min(sent ?? now, now))
            queues.mark(place)
        }
    }

    /// Sets how many messages of queues lie where no consumer reads.
    package mutating func apply(unreachable counts: [String: Int]) {
        for (name, count) in counts {
            guard let place = queues.find(Bounded.id(name, limits.nameBytes)),
                queues[place].depth != nil, queues[place].depth?.unreachable != count
            else { continue }
            queues[place].depth?.unreachable = count
            queues.mark(place)
        }
    }

    /// Learns of queues from the broker's binding tables; pidbox and event queues are no queues
    /// of tasks.
    package mutating func apply(bindings: [QueueBinding], now: Double) {
        for binding in bindings {
            let name = binding.queue
            guard !name.isEmpty, !name.hasSuffix(".pidbox"), binding.exchange != "celeryev",
                !binding.exchange.hasSuffix(".pidbox"), !name.hasPrefix("celeryev.")
            else { continue }
            let place = queuePlace(name, now: now)
            guard place >= 0 else { continue }
            queues[place].isDeclared = true
            queues[place].lastSeen = now
        }
    }

    /// Notes what a worker consumes.
    mutating func setConsumed(_ worker: Int32, _ numbers: [Int32], now: Double) {
        let before = Set(workers[worker].queues ?? [])
        let after = Set(numbers)
        workers[worker].queues = numbers
        for number in before.subtracting(after) {
            queues[number].consumers.removeAll { $0 == worker }
            queues.mark(number)
            noteConsumption(number, now: now)
        }
        for number in after.subtracting(before) {
            queues[number].consumers.append(worker)
            queues[number].consumers.sort()
            queues.mark(number)
            noteConsumption(number, now: now)
        }
    }

    /// Whether a worker that is not gone takes messages from the queue.
    func isConsumed(_ place: Int32) -> Bool {
        queues[place].consumers.contains { workers[$0].offlineAt.isNaN }
    }

    /// Whether every worker that is up has told its queues: only then "nobody" can be said. One without
    /// remote control is up as long as its heartbeats come, and never tells.
    var consumersAreKnown: Bool {
        workers.places.allSatisfy {
            let worker = workers[$0]
            let isThere = worker.health.isUp || worker.health == .unreachable && worker.isBeating
            return !isThere || worker.queues != nil
        }
    }

    mutating func noteConsumption(_ place: Int32, now: Double) {
        let isUnconsumed =
            !isConsumed(place) && consumersAreKnown && (queues[place].total ?? 0) > 0
        if isUnconsumed == queues[place].unconsumedSince.isNaN {
            queues[place].unconsumedSince = isUnconsumed ? now : .nan
            queues.mark(place)
        }
        noteDrift(place, now: now)
    }

    /// Rates age by themselves; queues that are only a word in old messages go.
    mutating func sweepQueues(now: Double) {
        var hasDismissed = false
        for place in queues.places {
            let before = queues[place].rates.sum(last: 60)
            queues[place].rates.advance(to: now)
            let after = queues[place].rates.sum(last: 60)
            let hasAged = queues[place].latencies.advance(to: now)
            if hasAged || before.sent != after.sent || before.received != after.received {
                queues.mark(place)
            }
            noteConsumption(place, now: now)
            if !queues[place].consumers.isEmpty || queues[place].isDeclared {
                queues[place].lastSeen = max(queues[place].lastSeen, now - 1)
            }
            let isIdle =
                queues[place].active + queues[place].reserved + queues[place].scheduled == 0
                && (queues[place].total ?? 0) == 0
            if isIdle, !queues[place].isPaused,
                now - queues[place].lastSeen > limits.idleQueueSeconds
            {
                nameTable.forget(queue: place)
                queues.remove(place)
                hasDismissed = true
            }
        }
        guard hasDismissed else { return }
        aggregatesChanged = true
        forgetDeadPlaces()
    }
}

extension QueueSlot {
    /// Remembers a depth for the rate by conservation; one a second is enough.
    mutating func noteDepth(_ total: Int, now: Double) {
        if let last = history.last, now - last.at < 1 {
            history[history.count - 1].depth = total
        } else {
            history.append((now, total))
        }
        while history.count > 1, now - history[1].at >= 60 { history.removeFirst() }
        if history.count > 90 { history.removeFirst() }
    }

    /// Messages per minute that came in: as told by task-sent, else what was taken out plus what
    /// the queue grew by.
    func rateIn() -> Double? {
        let minute = rates.sum(last: 60)
        if minute.sent > 0 { return Double(minute.sent) }
        guard let first = history.first, let last = history.last, last.at - first.at >= 5 else {
            return minute.received > 0 ? Double(minute.received) : nil
        }
        let growth = Double(last.depth - first.depth) * 60 / (last.at - first.at)
        return max(Double(minute.received) + growth, 0)
    }

    /// Messages per minute that workers took.
    func rateOut() -> Double { Double(rates.sum(last: 60).received) }
}
