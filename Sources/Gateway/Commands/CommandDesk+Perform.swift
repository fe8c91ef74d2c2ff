internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Sends what a command asks for; whatever happens becomes a fact of the command.
    func perform(_ effect: Effect, for command: Open) async {
        switch effect {
        case .publish(let publication): await publish(publication, for: command)
        case .publishMany(let publications): await publishFirst(of: publications, for: command)
        case .revokeMany(let methods): await revokeFirst(of: methods, for: command)
        case .purge(let purge): await perform(purge, for: command)
        case .restore(let restore, let queue):
            await perform(restore, queue: queue, for: command)
        case .message(let spec): await act(on: spec, for: command)
        case .broadcast(let method, let destination):
            await broadcast(method, to: destination, for: command)
        case .consumers(let changes):
            let new = Set(newcomers.all(now: to.clock.now()))
            for change in changes {
                // Nobody waits until a new worker's mailbox opens.
                for workers in [
                    change.workers.filter { !new.contains($0) },
                    change.workers.filter(new.contains),
                ] where !workers.isEmpty {
                    await broadcast(change.method, to: workers, for: command, isKept: true)
                }
            }
            if command.tracker.open.isEmpty, command.tracker.state.isOpen {
                learn(.done("nobody that is up has to be waited for"), for: command)
            }
        case .recorded(let text): learn(.done(text), for: command)
        }
    }

    func pause(_ duration: Duration) async {
        await LoopTimer.pause(for: duration)
    }

    /// - Parameter isKept: whether it is recorded, and told again until it holds.
    private func broadcast(
        _ method: ControlMethod, to destination: [String], for command: Open, isKept: Bool = false
    ) async {
        await reach(destination, of: method, for: command)
        await lookBefore(destination, for: command)
        let wait = Duration.seconds(
            command.record.deadlineAt - to.clock.now() + CommandLimits.lateSeconds)
        do throws(BrokerError) {
            let receivers: Int
            if case .shutdown = method {
                receivers = try await to.control.tell(method, to: destination)
            } else {
                receivers = try await to.control.ask(
                    method, of: destination,
                    expecting: destination.isEmpty ? nil : destination, timeout: wait,
                    onAnswer: { [weak self] answer in
                        self?.answered(answer, to: method, for: command)
                    })
            }
            command.listeners = receivers
            learn(
                .taken(
                    "broker: handed to \(receivers) \(receivers == 1 ? "listener" : "listeners")",
                    receivers: receivers), for: command)
            // Nobody waits for proof to hear that it was sent.
            if case .revoke = method { Task { @LoopActor in await followRevoke(command) } }
        } catch {
            learn(
                isKept
                    ? .lostInTransit("\(error.message); workers are told when the broker is back")
                    : error.fact, for: command)
        }
    }

    /// Waits until named workers can hear: a mailbox may open a second after `worker-online`, and what
    /// comes before is lost. A shutdown has no answer that would tell, so it is always made sure of.
    private func reach(
        _ destination: [String], of method: ControlMethod, for command: Open
    ) async {
        var called = destination
        if case .shutdown = method {
        } else {
            let new = Set(newcomers.all(now: to.clock.now()))
            called.removeAll { !new.contains($0) }
        }
        called.removeAll(where: answersLate)
        guard !called.isEmpty else { return }
        // Half of the time is for what comes afterwards.
        let left = (command.record.deadlineAt - to.clock.now()) / 2
        do throws(BrokerError) {
            let silent = try await to.control.reach(
                called, patience: min(ControlDesk.reachPatience, .seconds(max(0, left))))
            for worker in called where !silent.contains(worker) { newcomers.answered(worker) }
            for worker in silent {
                learn(
                    .noted("\(worker) does not answer pings; it is told all the same"),
                    for: command)
            }
        } catch {
            // The command itself meets the same fault, and tells it.
        }
    }

    /// Tells all workers some ids after the others. Each worker takes them in order, so its answer to the
    /// last part tells that it had the others.
    ///
    /// The caller waits for the first part only: all ids are recorded, and after a crash workers are
    /// told of them again.
    private func revokeFirst(of methods: [ControlMethod], for command: Open) async {
        guard let last = methods.last else { return }
        guard methods.count > 1 else {
            await broadcast(last, to: [], for: command)
            return
        }
        guard await tell(methods[0], for: command) else { return }
        Task { @LoopActor in
            for method in methods.dropFirst().dropLast() {
                guard await tell(method, for: command) else { return }
            }
            await broadcast(last, to: [], for: command)
        }
    }

    private func tell(_ method: ControlMethod, for command: Open) async -> Bool {
        do throws(BrokerError) {
            try await to.control.tell(method)
            return true
        } catch {
            learn(error.fact, for: command)
            return false
        }
    }

    private func answered(
        _ answer: ControlDesk.Answer, to method: ControlMethod, for command: Open
    ) {
        guard open[command.record.id] === command else { return }
        command.answerers.insert(answer.worker)
        switch CommandAnswer(answer.value, to: method) {
        case .refused(let text):
            learn(.refused(worker: answer.worker, text: text), for: command)
        case .agreed(let text, _) where isIdle(text, method, answer.worker):
            learn(
                .refused(
                    worker: answer.worker,
                    text: "\(text); if it was started with -E, Celery cannot switch them off"),
                for: command)
        case .agreed(let text, let isWorthKeeping):
            if isWorthKeeping {
                answers.keep(answer.value, of: answer.worker, to: command.record.id)
            }
            learn(.agreed(worker: answer.worker, text: text), for: command)
            observe(answer.worker, for: command)
        }
    }

    /// Whether a worker says "already disabled" while its task events come: with `-E` it sends all
    /// groups of events, and the command only takes one name off an empty list
    /// (`disable_events` in celery/worker/control.py).
    private func isIdle(_ text: String, _ method: ControlMethod, _ worker: String) -> Bool {
        method == .disableEvents && text.contains("already disabled")
            && to.feed.fleet.worker(worker)?.events == true
    }

    // MARK: - Hints

    /// Whether a worker cannot answer before its running task has ended.
    func answersLate(_ worker: String) -> Bool {
        to.feed.fleet.worker(worker)?.answersLate ?? false
    }

    /// What is known about why there is no proof.
    func hint(for command: Open) -> String? {
        let fleet = to.feed.fleet
        switch command.tracker.spec.action {
        case .run(let run):
            if run.eta != nil { return "it waits for its time" }
            guard let queue = fleet.queue(run.queue) else { return nil }
            if queue.pause != nil { return "queue \(run.queue) is paused" }
            if queue.workers.isEmpty { return "no worker consumes queue \(run.queue)" }
            if let depth = queue.depth, depth > 0 {
                return "\(depth) messages wait in queue \(run.queue)"
            }
            return nil
        case .group, .retry, .rerun, .planned: return nil
        case .revoke, .revokeStamped, .control, .pause, .resume:
            if let text = command.tracker.heldText { return text }
            let busy = command.tracker.silent.sorted().filter(answersLate)
            if !busy.isEmpty {
                return "\(busy.joined(separator: ", ")) will answer after its task: "
                    + "the solo pool does one thing at a time"
            }
            let silent = command.tracker.silent.sorted().prefix(5)
            return silent.isEmpty ? nil : "no answer from \(silent.joined(separator: ", "))"
        case .purge, .restore, .message: return nil
        }
    }
}

extension BrokerError {
    /// What a failed send means for the command that needed it.
    var fact: CommandTracker.Fact {
        switch code {
        case .notConnected, .overloaded, .refused: .notSent(message)
        case .connectionLost, .timedOut: .lostInTransit(message)
        }
    }
}
