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
        for target in command.tracker.open {
            switch command.tracker.spec.command.proof {
            case .taskSeen, .tasksRevoked: tasksWatched[target, default: []].insert(id)
            case .answer, .observed: workersWatched[target, default: []].insert(id)
            case .broker: break
            }
        }
        command.timer = LoopTimer(after: .milliseconds(Int(wait * 1000))) { [weak self] in
            self?.deadlinePassed(id)
        }
        show(command)
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
        let mayBeLifted = command.tracker.state == .unknown || command.tracker.state == .partial
        if !mayBeLifted || (command.tracker.state == .partial && !command.tracker.isOverdue) {
            close(command)
        }
        save(command)
    }

    func deadlinePassed(_ id: String) {
        guard let command = open[id] else { return }
        learn(.deadline(hint: hint(for: command)), for: command)
        // Proof that comes late still counts, for a while.
        command.timer = LoopTimer(after: .seconds(CommandLimits.lateSeconds)) { [weak self] in
            self?.close(command)
        }
    }

    func close(_ command: Open) {
        let id = command.record.id
        guard open.removeValue(forKey: id) != nil else { return }
        command.timer?.cancel()
        for (target, ids) in tasksWatched where ids.contains(id) {
            tasksWatched[target] = ids.count == 1 ? nil : ids.subtracting([id])
        }
        for (target, ids) in workersWatched where ids.contains(id) {
            workersWatched[target] = ids.count == 1 ? nil : ids.subtracting([id])
        }
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
