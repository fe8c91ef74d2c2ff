internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

/// Commands for workers of an earlier run of the gateway: the mark tells whether they were sent, their
/// answers still come, and what they change is still seen.
extension CommandDesk {
    /// Takes a command up before the list of answers is read.
    func takeUp(_ record: CommandRecord) {
        guard let remains = record.remains.flatMap(CommandRemains.init),
            let spec = remains.spec(of: record.command), open.count < CommandLimits.open
        else { return }
        ended.removeAll { $0.id == record.id }
        let command = Open(
            CommandTracker(
                resuming: spec, remains, evidence: record.evidence, reason: record.reason,
                silent: record.silent), record)
        command.remains = remains
        command.statsBefore = remains.before
        open[record.id] = command
        for worker in command.tracker.open { workersWatched[worker, default: []].insert(record.id) }
        closeLater(command)
        if let method = command.tracker.spec.broadcastMethod {
            to.control.listen(
                for: Self.ticket(record.id),
                of: spec.command.destination == .everybody ? [] : remains.workers,
                timeout: .seconds(CommandLimits.lateSeconds),
                onAnswer: { [weak self] answer in
                    self?.answered(answer, to: method, for: command)
                })
        }
        show(command)
    }

    /// Finds out whether the commands that were taken up had been sent, and goes on with those that had.
    func examineTakenUp() async {
        for record in lost
        where (try? CommandCatalog.command(record.command))?.proof.isByWorker == true {
            guard let command = open[record.id] else {
                // Nothing is kept of it, or it has had its end meanwhile.
                lost.removeAll { $0.id == record.id }
                continue
            }
            do throws(BrokerError) {
                if command.tracker.isKept {
                    learn(.noted(CommandWords.kept), for: command)
                } else if record.evidence.contains(CommandWords.unmarked) {
                    // The missing mark tells nothing.
                } else if try await hasRun(record.id) {
                    learn(.noted(CommandWords.handedOver), for: command)
                } else {
                    learn(.notSent(CommandWords.neverSent), for: command)
                }
            } catch {
                // The next connection tries again.
                return
            }
            lost.removeAll { $0.id == record.id }
            save(command)
            Task { @LoopActor in await goOn(with: command) }
        }
    }

    /// Looks for what proves a command that was taken up, besides answers.
    private func goOn(with command: Open) async {
        guard open[command.record.id] === command else { return }
        if command.tracker.isKept, command.tracker.open.isEmpty {
            learn(.done("nobody that is up has to be waited for"), for: command)
        }
        switch command.tracker.spec.command.proof {
        case .observed(.goodbye): await lookForTheGone(command)
        case .observed(.newProcesses), .observed(.poolSize): await lookAfter(command)
        case .observed:
            for worker in command.tracker.open.sorted() { observe(worker, for: command) }
        case .answer where command.tracker.isKept:
            // Workers are told again in any case; this time they are asked for an answer.
            if case .revokeStamped(let spec) = command.tracker.spec.action {
                await broadcast(spec.method, to: [], for: command, part: 1)
            }
        case .answer, .broker, .taskSeen, .tasksRevoked: break
        }
    }

    /// A difference is only seen of workers whose figures from before are known.
    private func lookAfter(_ command: Open) async {
        for worker in command.tracker.open.sorted() {
            guard command.statsBefore[worker] == nil else {
                observe(worker, for: command)
                continue
            }
            learn(
                .noted("\(worker): how its pool was before is not known any more"), for: command)
        }
    }

    /// Whoever said goodbye while nobody listened is not connected to the broker any more.
    private func lookForTheGone(_ command: Open) async {
        var absentBefore: Set<String> = []
        while open[command.record.id] === command, !command.tracker.open.isEmpty {
            let absent = await to.inspector.absent(among: command.tracker.open)
            // Twice: it might just have lost its connection.
            for worker in absent.intersection(absentBefore).sorted() {
                learn(
                    .effect(
                        worker: worker,
                        text: "not connected to the broker: everybody who is has answered"),
                    for: command)
            }
            absentBefore = absent
            await pause(.seconds(CommandLimits.absenceSeconds))
        }
    }

    /// Watches a revoke that the last run has confirmed: a task that runs all the same takes that back.
    func watch(_ record: CommandRecord) {
        guard (try? CommandCatalog.command(record.command))?.proof == .tasksRevoked,
            let (spec, count) = revoked(by: record), open.count < CommandLimits.open
        else { return }
        // A revocation is closed once a worker has told the end of its task.
        let flagged = Set(to.revokes.revokes(of: record.id).map(\.taskID))
        ended.removeAll { $0.id == record.id }
        let command = Open(
            CommandTracker(
                watching: spec, flagged: flagged, evidence: record.evidence, count: count), record)
        command.auditedStage = .confirmed
        open[record.id] = command
        for id in spec.action.taskIDs { tasksWatched[id, default: []].insert(record.id) }
        closeLater(command)
        watched.append(record.id)
    }

    /// Finds out what tasks of such revokes did while nobody listened.
    func examineWatched() async {
        let ids = watched
        watched = []
        for command in ids.compactMap({ open[$0] }) {
            let flagged = command.tracker.flagged.sorted()
            for some in flagged.chunks(of: BulkLimits.revokedAtOnce) {
                if let found = await to.inspector.readResults(some) { noticed(found) }
                guard let holders = await to.inspector.holders(of: some) else { continue }
                for id in some {
                    guard let holder = holders.tasks[id], holder.state == "active" else { continue }
                    learn(
                        .task(id: id, state: "STARTED", worker: holder.worker), for: command)
                }
            }
        }
    }
}

extension CommandSpec {
    /// What every worker that has to do it is told in one broadcast; `nil` if they are told this and that.
    var broadcastMethod: ControlMethod? {
        switch action {
        case .control(let method): method
        case .revokeStamped(let spec): spec.method
        default: nil
        }
    }
}
