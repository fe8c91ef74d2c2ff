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
            var part = 0
            if case .pause = command.tracker.spec.action { await to.pauses.askUnknown() }
            for change in changes {
                // Nobody waits until a new worker's mailbox opens.
                for workers in [
                    change.workers.filter { !new.contains($0) },
                    change.workers.filter(new.contains),
                ] where !workers.isEmpty {
                    await broadcast(change.method, to: workers, for: command, part: part)
                    part += 1
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

    /// Tells workers, once, and takes their answers.
    ///
    /// - Parameter part: which of the command's broadcasts it is.
    func broadcast(
        _ method: ControlMethod, to destination: [String], for command: Open, part: Int = 0
    ) async {
        await reach(destination, of: method, for: command)
        if await lookBefore(destination, for: command) {
            // A later run of the gateway sees the difference only if it knows how it was.
            await saved(command)
        }
        do throws(BrokerError) {
            let once = once(command, part: part)
            try await broadcast(method, to: destination, for: command, once: once)
        } catch {
            if error.isOutOfMemory {
                await broadcastUnmarked(method, to: destination, for: command)
            } else if command.tracker.isKept {
                untold(error, method, to: destination, for: command, part: part)
            } else {
                learn(error.fact, for: command)
            }
        }
    }

    private func broadcast(
        _ method: ControlMethod, to destination: [String], for command: Open, once: ControlOnce?
    ) async throws(BrokerError) {
        let wait = Duration.seconds(
            command.record.deadlineAt - to.clock.now() + CommandLimits.lateSeconds)
        let receivers: Int
        if case .shutdown = method {
            receivers = try await to.control.tell(method, to: destination, once: once)
        } else {
            receivers = try await to.control.ask(
                method, of: destination,
                expecting: destination.isEmpty ? nil : destination, timeout: wait, once: once,
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
    }

    /// How a part of a command is published, again after each broken connection, and yet once.
    private func once(_ command: Open, part: Int) -> ControlOnce {
        ControlOnce(
            ticket: Self.ticket(command.record.id, part: part),
            mark: to.settings.markKey(command.record.id, part: part),
            send: { [weak self] arguments throws(BrokerError) in
                guard let self else { throw BrokerError(.notConnected, "the gateway ends") }
                return try await sendUntilAnswered(arguments, for: command)
            })
    }

    /// What the answers to a part of a command carry, in this run of the gateway and in later ones.
    nonisolated static func ticket(_ command: String, part: Int = 0) -> String {
        part == 0 ? command : "\(command).\(part)"
    }

    /// A broker without memory takes no mark, and workers must hear of it all the same.
    private func broadcastUnmarked(
        _ method: ControlMethod, to destination: [String], for command: Open
    ) async {
        // First, so that no later run takes the missing mark for proof that nothing was sent.
        learn(.noted(CommandWords.unmarked), for: command)
        await saved(command)
        do throws(BrokerError) {
            try await broadcast(method, to: destination, for: command, once: nil)
        } catch {
            learn(error.fact, for: command)
        }
    }

    /// What is recorded is told as soon as the broker is back, whoever is there then.
    private func untold(
        _ error: BrokerError, _ method: ControlMethod, to destination: [String], for command: Open,
        part: Int
    ) {
        learn(.lostInTransit(CommandWords.untold(error)), for: command)
        Task { @LoopActor in
            guard await isConnectedAgain(for: command) else { return }
            await broadcast(method, to: destination, for: command, part: part)
        }
    }

    /// Waits for the broker.
    ///
    /// - Returns: false if the command is followed no longer.
    private func isConnectedAgain(for command: Open) async -> Bool {
        repeat {
            await pause(.milliseconds(CommandLimits.untoldMilliseconds))
            guard open[command.record.id] === command else { return false }
        } while !to.broker.isConnected
        return true
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

    /// Waits until those of some workers can hear that have just come up.
    func reachNew(_ workers: [String]) async {
        let new = Set(newcomers.all(now: to.clock.now()))
        let called = workers.filter(new.contains)
        guard !called.isEmpty, let silent = try? await to.control.reach(called) else { return }
        for worker in called where !silent.contains(worker) { newcomers.answered(worker) }
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
        let isFirstTold = await tell(methods[0], for: command)
        Task { @LoopActor in
            for method in isFirstTold ? methods.dropFirst().dropLast() : methods.dropLast() {
                while await !tell(method, for: command) {
                    guard await isConnectedAgain(for: command) else { return }
                }
            }
            await broadcast(last, to: [], for: command)
        }
    }

    private func tell(_ method: ControlMethod, for command: Open) async -> Bool {
        do throws(BrokerError) {
            try await to.control.tell(method)
            return true
        } catch {
            learn(.lostInTransit(CommandWords.untold(error)), for: command)
            return false
        }
    }

    func answered(
        _ answer: ControlDesk.Answer, to method: ControlMethod, for command: Open
    ) {
        guard open[command.record.id] === command else { return }
        command.answerers.insert(answer.worker)
        let sendsEvents = to.feed.fleet.worker(answer.worker)?.events
        switch CommandAnswer(answer.value, to: method, sendsEvents: sendsEvents) {
        case .refused(let text):
            learn(.refused(worker: answer.worker, text: text), for: command)
        case .undecided(let text):
            learn(.undecided(worker: answer.worker, text: text), for: command)
        case .agreed(let text, let isWorthKeeping):
            if isWorthKeeping {
                answers.keep(
                    to.settings.redactor.redacted(answer.value), of: answer.worker,
                    to: command.record.id)
            }
            learn(.agreed(worker: answer.worker, text: text), for: command)
            observe(answer.worker, for: command)
        }
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

    /// Whether the broker refuses whatever needs memory.
    var isOutOfMemory: Bool { code == .refused && message.contains("OOM") }
}

/// Sentences about commands that more than one place says.
enum CommandWords {
    static let unmarked =
        "the broker has no memory for a mark: a restart cannot tell whether it was sent"
    static let neverSent = "the gateway was stopped before it was sent; nothing was sent"
    static let handedOver = "broker: it was handed over before the restart"
    static func untold(_ error: BrokerError) -> String {
        "\(error.message); workers are told when the broker is back"
    }
    static let tooLate =
        "its deadline passed before it could be sent; nothing was sent, and nothing will be"
    static let tasksRecorded = "the tasks are recorded; workers that start are told"
    static let kept = "recorded before the restart; workers are told again"
}
