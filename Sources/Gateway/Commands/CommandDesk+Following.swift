internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

extension CommandDesk {
    func start(_ command: Open, wait: Double) {
        let id = command.record.id
        open[id] = command
        if !command.tracker.spec.action.isPlanned { follow(command) }
        command.timer = LoopTimer(after: .milliseconds(Int(wait * 1000))) { [weak self] in
            self?.deadlinePassed(id)
        }
        show(command)
    }

    /// Looks for news of what a command is about, from now on.
    func follow(_ command: Open) {
        let id = command.record.id
        command.tracker.running = Set(
            command.tracker.spec.action.taskIDs.filter {
                to.feed.fleet.task($0)?.state == .started
            })
        for target in command.tracker.open {
            switch command.tracker.spec.command.proof {
            case .taskSeen, .tasksRevoked: tasksWatched[target, default: []].insert(id)
            case .answer, .observed: workersWatched[target, default: []].insert(id)
            case .broker: break
            }
        }
    }

    /// Looks for news of a command no more.
    func unfollow(_ id: String) {
        for (target, ids) in tasksWatched where ids.contains(id) {
            tasksWatched[target] = ids.count == 1 ? nil : ids.subtracting([id])
        }
        for (target, ids) in workersWatched where ids.contains(id) {
            workersWatched[target] = ids.count == 1 ? nil : ids.subtracting([id])
        }
    }

    /// Takes a fact about an open command into account.
    func learn(_ fact: CommandTracker.Fact, for command: Open) {
        let was = command.tracker.state
        guard command.tracker.learn(fact) else { return }
        let now = to.clock.now()
        // A worker's answer, or the proof itself, may overtake the broker's own answer.
        if fact.tellsOfSending || command.tracker.state == .confirmed {
            command.record.sentAt = command.record.sentAt ?? now
        }
        if was.isOpen, !command.tracker.state.isOpen { command.record.endedAt = now }
        show(command)
        guard was != command.tracker.state, !command.tracker.state.isOpen else { return }
        if isOver(command) {
            close(command)
        } else if command.tracker.state == .confirmed {
            closeLater(command, after: afterSeconds(command))
        }
        save(command)
    }

    /// Whether nothing that comes now can change what became of a command.
    private func isOver(_ command: Open) -> Bool {
        switch command.tracker.state {
        case .accepted, .sent, .unknown: false
        case .partial: !command.tracker.isOverdue && afterSeconds(command) == 0
        case .confirmed: afterSeconds(command) == 0
        case .rejected, .failed: true
        }
    }

    /// Seconds for which a command that is done is followed on.
    private func afterSeconds(_ command: Open) -> Double {
        switch command.tracker.spec.action {
        // A task that runs all the same takes the proof back.
        case .revoke: CommandLimits.lateSeconds
        // Which tasks were ended is told after the answer.
        case .revokeStamped(let spec): spec.terminate ? CommandLimits.stampSeconds : 0
        default: 0
        }
    }

    func closeLater(_ command: Open, after seconds: Double = CommandLimits.lateSeconds) {
        command.timer = LoopTimer(after: .milliseconds(Int(seconds * 1_000))) { [weak self] in
            self?.close(command)
        }
    }

    /// Gives the oldest command up that has its end and is only followed on, if there are too many.
    func makeRoom() {
        guard open.count + beginning >= CommandLimits.open else { return }
        let ended = open.values.filter { !$0.tracker.state.isOpen }
        if let oldest = ended.min(by: { $0.record.at < $1.record.at }) { close(oldest) }
    }

    func deadlinePassed(_ id: String) {
        guard let command = open[id] else { return }
        learn(.deadline(hint: hint(for: command)), for: command)
        // Proof that comes late still counts, for a while.
        closeLater(command)
    }

    func close(_ command: Open) {
        let id = command.record.id
        guard open.removeValue(forKey: id) != nil else { return }
        command.timer?.cancel()
        if command.record.remains != nil {
            // No later run will look for more.
            command.remains = nil
            save(command)
        }
        unfollow(id)
        ended.append((id, to.clock.now()))
        forgetOld(now: to.clock.now())
    }

    /// Takes rows away whose commands ended long ago, or that are too many.
    func forgetOld(now: Double) {
        while let first = ended.first,
            ended.count > CommandLimits.endedRows || first.at + CommandLimits.endedSeconds < now
        {
            to.rows.engine.remove(to.rows.commands, id: first.id)
            ended.removeFirst()
        }
    }
}
