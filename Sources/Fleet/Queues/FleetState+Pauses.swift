extension FleetState {
    /// Sets which queues are meant to be paused: the wish of the operators, also for queues of which
    /// nothing else is known.
    package mutating func setPaused(queues wish: [String: QueuePause], now: Double) {
        pausedQueues = [:]
        for (name, pause) in wish { pausedQueues[Bounded.id(name, limits.nameBytes)] = pause }
        for name in pausedQueues.keys.sorted() { _ = queuePlace(name, now: now) }
        for place in queues.places {
            let pause = pausedQueues[queues[place].name]
            guard pause != queues[place].pause else { continue }
            queues[place].pause = pause
            queues[place].lastSeen = now
            queues.mark(place)
            noteConsumption(place, now: now)
        }
    }

    /// Workers that are not gone and consume a queue by what they told last, and how. Sorted by name.
    package func consumers(of queue: String) -> [(worker: String, consumed: ConsumedQueue)] {
        guard let place = queues.find(Bounded.id(queue, limits.nameBytes)) else { return [] }
        return queues[place].consumers.filter { workers[$0].offlineAt.isNaN }.map { number in
            let known = workers[number].consumed.first { $0.name == queue }
            return (workers[number].name, known ?? ConsumedQueue(name: queue))
        }.sorted { $0.worker < $1.worker }
    }

    /// Workers that are not gone and have not told what they consume. Sorted by name.
    package var workersOfUnknownQueues: [String] {
        workers.places.filter {
            workers[$0].offlineAt.isNaN && workers[$0].queues == nil && !isSilent($0)
        }.map { workers[$0].name }.sorted()
    }

    /// Whether a worker has given no sign of life for so long that it takes no messages: it was killed,
    /// stopped or cut off. A solo worker may only have a long task.
    package func isSilent(_ worker: String) -> Bool {
        workers.find(Bounded.id(worker, limits.nameBytes)).map(isSilent) ?? false
    }

    private func isSilent(_ place: Int32) -> Bool {
        let worker = workers[place]
        guard !isGapOpen, !worker.health.isUp, !worker.isSolo || worker.isAbsent else {
            return false
        }
        let sign = max(worker.lastSeen, worker.answeredAt.known ?? worker.lastSeen, flowingSince)
        return lastSweep - sign > limits.silentSeconds
    }

    /// Whether a worker that is not gone consumes a queue, by what it told since a time; `nil` if it has
    /// told nothing since, or is gone.
    package func consumes(_ worker: String, _ queue: String, since time: Double) -> Bool? {
        guard let place = workers.find(Bounded.id(worker, limits.nameBytes)),
            workers[place].offlineAt.isNaN, workers[place].consumedAt >= time
        else { return nil }
        return workers[place].consumed.contains { $0.name == queue }
    }

    /// Since when a queue is consumed although it is paused; `nil` if it is not.
    package func driftSince(of queue: String) -> Double? {
        queues.find(Bounded.id(queue, limits.nameBytes)).flatMap { queues[$0].driftSince.known }
    }

    func liveConsumers(_ place: Int32) -> [String] {
        queues[place].consumers.filter { workers[$0].offlineAt.isNaN && !isSilent($0) }
            .map { workers[$0].name }.sorted()
    }

    mutating func noteDrift(_ place: Int32, now: Double) {
        let count = queues[place].isPaused ? liveConsumers(place).count : 0
        guard count != queues[place].driftCount else { return }
        if count == 0 { queues[place].driftSince = .nan }
        if queues[place].driftCount == 0 { queues[place].driftSince = now }
        queues[place].driftCount = count
        queues.mark(place)
    }

    /// A pause that does not hold, for longer than telling the workers takes.
    func judgePause(_ place: Int32, _ found: inout FindingList, now: Double) {
        guard let since = queues[place].driftSince.known, now - since >= limits.driftSeconds else {
            return
        }
        let name = queues[place].name
        let still = liveConsumers(place)
        let all = workers.places.count { workers[$0].offlineAt.isNaN && !isSilent($0) }
        let shown = still.prefix(5).joined(separator: ", ")
        found.add(
            "queue-pause-drift", .warning, "queue \(name)", "Paused queue is still consumed",
            "\(still.count) of \(all) workers still \(still.count == 1 ? "consumes" : "consume") \(name): \(shown)\(still.count > 5 ? " …" : "").",
            "They are told again and again. A busy worker of the solo pool hears it after its task; one that does not answer must be restarted. If somebody else adds consumers, end that, or resume the queue."
        )
    }
}
