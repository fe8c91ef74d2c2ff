internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Looks for news in events.
    func noticed(_ events: [CeleryEvent]) {
        guard isWatching else { return }
        for event in events {
            switch event {
            case .task(let task):
                noticedStamped(task)
                guard let ids = tasksWatched[task.uuid] else { continue }
                for id in ids {
                    guard let command = open[id], let fact = fact(from: task, for: command) else {
                        continue
                    }
                    if task.kind == .failed {
                        noticedGentleEnd(of: task.uuid, "FAILURE", for: command)
                    }
                    learn(fact, for: command)
                }
            case .worker(let worker):
                guard worker.kind == .offline, let ids = workersWatched[worker.origin.hostname]
                else { continue }
                for id in ids { noticedOffline(worker.origin.hostname, id) }
            }
        }
    }

    private func fact(
        from task: TaskEvent, for command: Open
    ) -> CommandTracker.Fact? {
        if let fact = endingFact(from: task, for: command) { return fact }
        guard let state = task.kind.stateName, !task.isEcho(for: command.tracker.spec) else {
            return nil
        }
        let worker = task.kind == .sent ? nil : task.origin.hostname
        return .task(id: task.uuid, state: state, worker: worker)
    }

    /// A worker has said `worker-online`.
    func workerAppeared(_ name: String) {
        newcomers.note(name, now: to.clock.now())
    }

    func noticedOffline(_ worker: String, _ id: String) {
        guard let command = open[id], command.tracker.spec.command.proof == .observed(.goodbye)
        else { return }
        learn(.effect(worker: worker, text: "said goodbye (worker-offline)"), for: command)
    }

    /// Looks for news in results.
    func noticed(_ results: [TaskResult]) {
        guard !tasksWatched.isEmpty else { return }
        // A value whose state cannot be read is no news of a task.
        for result in results where !result.status.isEmpty {
            for id in tasksWatched[result.id] ?? [] {
                guard let command = open[id] else { continue }
                if command.tracker.spec.command.proof == .tasksRevoked {
                    noticedGentleEnd(of: result.id, result.status, for: command)
                    learn(.recorded(id: result.id, state: result.status), for: command)
                    continue
                }
                let fact = CommandTracker.Fact.task(
                    id: result.id, state: result.status, worker: result.worker)
                guard command.tracker.spec.command.proof == .taskSeen, result.worker == nil else {
                    learn(fact, for: command)
                    continue
                }
                // The worker's own event names the worker; it may be a moment behind the result.
                command.lateResults.append(fact)
                guard command.lateResults.count == 1 else { continue }
                command.resultTimer = LoopTimer(after: .milliseconds(500)) { [weak self] in
                    let facts = command.lateResults
                    command.lateResults = []
                    for fact in facts { self?.learn(fact, for: command) }
                }
            }
        }
    }
}

extension TaskEvent.Kind {
    /// The state that Celery gives a task with this event; `nil` for custom ones.
    var stateName: String? {
        switch self {
        case .sent: "PENDING"
        case .received: "RECEIVED"
        case .started: "STARTED"
        case .succeeded: "SUCCESS"
        case .failed: "FAILURE"
        case .retried: "RETRY"
        case .revoked: "REVOKED"
        case .rejected: "REJECTED"
        case .cancelled: "CANCELLED"
        case .custom: nil
        }
    }
}
