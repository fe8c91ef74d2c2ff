internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Looks for proof of a revoke until there is some for every task, or it is given up.
    ///
    /// The announcement of a result may have been missed, so the keys are read as well. Once every
    /// worker that was asked has answered, all are asked whether they have the tasks.
    func followRevoke(_ command: Open) async {
        var pauseMilliseconds = 25
        while open[command.record.id] === command, !command.tracker.open.isEmpty {
            await pause(.milliseconds(pauseMilliseconds))
            let most = command.tracker.state.isOpen ? 2_000 : 15_000
            pauseMilliseconds = min(pauseMilliseconds * 2, most)
            for ids in command.tracker.open.sorted().chunks(of: BulkLimits.resultsAtOnce) {
                guard let found = await to.inspector.readResults(ids) else { continue }
                noticed(found)
                to.revokes.noticed(found)
            }
            // Who has not answered may take a task without knowing that it is revoked.
            guard command.hasEverybodyAnswered else { continue }
            for ids in command.tracker.recordedOnly.chunks(of: BulkLimits.revokedAtOnce) {
                guard let holders = await to.inspector.holders(of: ids) else { break }
                for id in ids { judge(id, holders, for: command) }
            }
        }
    }

    /// Decides about a task that the result backend has as REVOKED.
    private func judge(_ id: String, _ holders: TaskHolders, for command: Open) {
        let isEnding = command.tracker.spec.isTerminating
        let holder = holders.tasks[id]
        switch holder?.state {
        case "active":
            let how = isEnding ? "runs it" : "runs it, and without `terminate` it goes on"
            learn(.held(id: id, worker: holder?.worker ?? "", how: how), for: command)
        case "reserved", "ready":
            // Pools take tasks that wait for a free slot, and do not look again before they run.
            learn(
                .held(
                    id: id, worker: holder?.worker ?? "",
                    how: "has fetched it, and may run it before it looks at its revocations"),
                for: command)
        default:
            // A worker forgets a task that it has sent a signal to, whether that ends it or not.
            guard holders.silent.isEmpty, !command.tracker.spec.isGentle else { return }
            if let runner = runner(of: id), !holders.answered.contains(runner) {
                learn(
                    .held(id: id, worker: runner, how: "runs it, and does not answer"),
                    for: command)
                return
            }
            guard !holders.answered.isEmpty else { return }
            learn(.flagged(id: id, text: proof(holder, holders)), for: command)
        }
    }

    private func proof(_ holder: TaskHolders.Holder?, _ holders: TaskHolders) -> String {
        var text: String
        if let holder {
            text = "\(holder.worker) holds it for its time, and throws it away then"
        } else {
            let count = holders.answered.count
            text =
                "no worker has it, and \(count == 1 ? "the one" : "each of the \(count)") that "
                + "answered throws it away"
        }
        if !holders.absent.isEmpty {
            text += "; not connected: \(holders.absent.prefix(5).joined(separator: ", "))"
        }
        return text
    }

    /// What a worker's `task-revoked` says of a task that a signal was sent to which ends no process of
    /// its pool: SIGINT is ignored there, SIGUSR1 raises `SoftTimeLimitExceeded` in the task. Celery
    /// calls it revoked all the same, and it goes on.
    func endingFact(from task: TaskEvent, for command: Open) -> CommandTracker.Fact? {
        guard task.kind == .revoked, task.terminated == true,
            let words = gentleWords(of: command, on: task.origin.hostname)
        else { return nil }
        return .held(
            id: task.uuid, worker: task.origin.hostname, how: "calls it revoked, but \(words)")
    }

    /// Notes the same of a task whose failure is told, by the worker or the result backend, before its
    /// `task-revoked`: SIGUSR1 may end it at once.
    func noticedGentleEnd(of id: String, _ state: String, for command: Open) {
        guard state == "FAILURE", command.tracker.open.contains(id),
            command.tracker.held[id] == nil, let worker = to.feed.fleet.task(id)?.worker,
            let words = gentleWords(of: command, on: worker)
        else { return }
        learn(.noted("task \(id): \(words)"), for: command)
    }

    /// What the signal of a revoke does not do to a worker; `nil` if it does.
    private func gentleWords(of command: Open, on worker: String) -> String? {
        guard case .revoke(let revoke) = command.tracker.spec.action,
            command.tracker.spec.isGentle,
            to.feed.fleet.worker(worker)?.pool ?? "prefork" == "prefork"
        else { return nil }
        return "\(revoke.signal) ends no process of its pool"
    }

    /// Notes tasks that a worker ended while a revoke by stamp is under way: no event and no answer
    /// tells the stamps of a task, so that is all that can be seen.
    func noticedStamped(_ task: TaskEvent) {
        guard task.kind == .revoked, task.terminated == true else { return }
        for command in open.values {
            guard case .revokeStamped(let spec) = command.tracker.spec.action, spec.terminate
            else { continue }
            learn(
                .noted("\(task.origin.hostname) has ended task \(task.uuid) (task-revoked)"),
                for: command)
        }
    }
}

extension CommandDesk.Open {
    /// Whether each worker that was asked has answered, or each listener that the broker knows: a worker
    /// may be gone that seemed to be up.
    var hasEverybodyAnswered: Bool {
        tracker.silent.isEmpty || listeners.map { answerers.count >= $0 } ?? false
    }
}

extension CommandSpec {
    /// Whether running tasks are to be ended.
    var isTerminating: Bool {
        if case .revoke(let revoke) = action { return revoke.terminate }
        return false
    }

    /// Whether running tasks get a signal that ends no pool process.
    var isGentle: Bool {
        guard case .revoke(let revoke) = action, revoke.terminate else { return false }
        return RevokeSpec.gentleSignals.contains(revoke.signal)
    }
}

extension TaskEvent {
    /// Whether it only repeats that a task was ended: gevent tells a success without a result of a
    /// greenlet that was killed (`killable_target` in celery/concurrency/gevent.py).
    func isEcho(for spec: CommandSpec) -> Bool {
        kind == .succeeded && runtime == nil && spec.command.proof == .tasksRevoked
    }
}
