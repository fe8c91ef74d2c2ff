internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Asks for the figures that the effect is told from, before it happens.
    ///
    /// - Returns: whether there are any.
    func lookBefore(_ workers: [String], for command: Open) async -> Bool {
        switch command.tracker.spec.command.proof {
        case .observed(.newProcesses), .observed(.poolSize):
            for (worker, value) in await to.inspector.answers(of: workers, to: .stats) {
                if case .stats(let stats) = InspectReply(value, to: .stats) {
                    command.statsBefore[worker] = stats
                }
            }
            for worker in workers where command.statsBefore[worker] == nil {
                command.statsBefore[worker] = lastStats(of: worker)
            }
        default: break
        }
        return !command.statsBefore.isEmpty
    }

    /// What is known of the pool of a worker that did not answer just now.
    private func lastStats(of worker: String) -> WorkerStats? {
        guard let record = to.feed.fleet.worker(worker), record.statsAt != nil else { return nil }
        var stats = WorkerStats()
        stats.pool = record.pool
        stats.concurrency = record.concurrency
        stats.processes = record.processes
        return stats
    }

    /// Looks for the effect on workers that have answered, all in one question, until it is seen on
    /// each or the command is given up.
    func observe(_ worker: String, for command: Open) {
        guard let question = question(for: command) else { return }
        command.agreed.insert(worker)
        guard !command.isObserving else { return }
        command.isObserving = true
        Task { @LoopActor in
            // Most effects are there with the answer, so each worker is asked at once; those that come
            // later are asked for ever more rarely.
            var asked: Set<String> = []
            var pauseMilliseconds = 25
            while open[command.record.id] != nil {
                let waiting = command.agreed.intersection(command.tracker.open).sorted()
                guard !waiting.isEmpty else { break }
                if asked.isSuperset(of: waiting) {
                    await pause(.milliseconds(pauseMilliseconds))
                    pauseMilliseconds = min(pauseMilliseconds * 2, 1_000)
                }
                asked.formUnion(waiting)
                for (worker, value) in await to.inspector.answers(of: waiting, to: question) {
                    guard let fact = fact(from: value, of: worker, for: command) else { continue }
                    learn(fact, for: command)
                }
            }
            command.isObserving = false
        }
    }

    /// What is asked to see the effect; `nil` if it is not asked for.
    private func question(for command: Open) -> ControlMethod? {
        guard case .observed(let sign) = command.tracker.spec.command.proof else { return nil }
        return switch sign {
        case .newProcesses, .poolSize, .autoscaler: .stats
        case .taskLimits: .taskLimits
        case .consumedQueues: .activeQueues
        case .goodbye: nil
        }
    }

    private func fact(
        from value: JsonValue, of worker: String, for command: Open
    ) -> CommandTracker.Fact? {
        guard let method = command.tracker.spec.action.method else { return nil }
        let effect: String?
        switch method {
        case .poolRestart, .poolGrow, .poolShrink, .autoscale:
            guard case .stats(let stats) = InspectReply(value, to: .stats) else { return nil }
            if case .poolRestart = method, let pool = stats.pool, pool != "prefork" {
                return .refused(
                    worker: worker,
                    text: "the \(pool) pool has no processes to restart; only task modules were "
                        + "reloaded")
            }
            effect = CommandEffects.seen(
                in: stats, before: command.statsBefore[worker], of: method)
        case .rateLimit, .timeLimit:
            effect = CommandEffects.limitsSeen(in: value, of: method)
        case .addConsumer, .cancelConsumer:
            guard case .activeQueues(let queues) = InspectReply(value, to: .activeQueues) else {
                return nil
            }
            effect = CommandEffects.seen(in: queues, of: method)
        default: effect = nil
        }
        return effect.map { .effect(worker: worker, text: $0) }
    }
}
