internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Shows what the last run of the gateway left: what had no end has none now.
    func restore(_ recent: [CommandRecord]) {
        let lateAfter = to.clock.now() - CommandLimits.lateSeconds
        for var record in recent {
            if record.stage.isOpen {
                record.stage = .unknown
                record.reason = "the gateway was restarted before there was proof"
                record.endedAt = record.endedAt ?? to.clock.now()
                lost.append(record)
                let changed = record
                Task { @LoopActor in await save(lost: changed) }
            } else if record.stage == .unknown, (record.endedAt ?? record.at) > lateAfter {
                // Stopped again before late proof could come.
                lost.append(record)
            }
            to.rows.engine.upsert(to.rows.commands, id: record.id, fields(record))
            ended.append((record.id, record.endedAt ?? record.at))
        }
        to.onChange()
    }

    /// Finds out about messages that the last run was about to send: whether they are sent, and that
    /// they will not be if they are not.
    ///
    /// The marker that sends a message once is taken here: if it could be had, nothing was sent and
    /// nothing can be sent any more, even by a command of ours that Redis has not come to yet.
    func examineLost() async {
        await examineLostMessages()
        guard !lost.isEmpty else { return }
        let candidates = lost.filter { record in
            CommandCatalog.all.contains { $0.name == record.command && $0.proof == .taskSeen }
        }
        for var record in candidates {
            let marker = to.settings.key("celeriac.once.\(record.id)")
            do throws(BrokerError) {
                let reply = try await to.broker.send([
                    Array("SET".utf8), marker, Array("lost".utf8), Array("NX".utf8),
                    Array("EX".utf8), Array("86400".utf8),
                ])
                if reply != .null {
                    record.stage = .failed
                    record.reason = "the gateway was stopped before it was sent; nothing was sent"
                } else {
                    let text = "broker: it had the message before the restart"
                    if !record.evidence.contains(text) { record.evidence.append(text) }
                }
            } catch {
                // The next connection tries again.
                return
            }
            lost.removeAll { $0.id == record.id }
            if to.rows.engine.handle(of: record.id, in: to.rows.commands) != nil {
                to.rows.engine.upsert(to.rows.commands, id: record.id, fields(record))
                to.onChange()
            }
            await save(lost: record)
            let examined = record
            if examined.stage == .unknown { Task { @LoopActor in await resume(examined) } }
        }
    }

    /// Watches the task of a command that was sent before the restart.
    private func resume(_ record: CommandRecord) async {
        guard let id = record.taskID, open[record.id] == nil, open.count < CommandLimits.open,
            let spec = try? CommandSpec(
                "task.run", args: ["task": .string(record.command)], newID: { _ in id })
        else { return }
        ended.removeAll { $0.id == record.id }
        let command = Open(
            CommandTracker(resuming: spec, evidence: record.evidence, reason: record.reason),
            record)
        open[record.id] = command
        tasksWatched[id, default: []].insert(record.id)
        command.timer = LoopTimer(after: .seconds(CommandLimits.lateSeconds)) { [weak self] in
            self?.close(command)
        }
        // Its events may have come and gone before the subscription: the backend is asked as well.
        for _ in 0..<3 where open[record.id] != nil {
            if let found = await to.inspector.readResults([id]) { noticed(found) }
            await pause(.seconds(2))
        }
    }

    func save(lost record: CommandRecord) async {
        do {
            try await to.records.update(record, answer: nil, audit: nil)
        } catch {
            to.log.error(
                "a command's end is not recorded", metadata: ["error": "\(error.message)"])
        }
    }
}
