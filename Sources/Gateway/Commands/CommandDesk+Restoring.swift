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
            left[record.id] = record.stage
            let isRecent = (record.endedAt ?? record.at) > lateAfter
            if record.stage.isOpen {
                record.stage = .unknown
                record.reason = "the gateway was restarted before there was proof"
                record.endedAt = record.endedAt ?? to.clock.now()
                if record.evidence.isEmpty {
                    record.evidence = ["nothing was answered or seen before the restart"]
                }
                lost.append(record)
                let changed = record
                Task { @LoopActor in await save(lost: changed) }
            } else if record.stage == .unknown, isRecent {
                // Stopped again before late proof could come.
                lost.append(record)
            }
            to.rows.engine.upsert(to.rows.commands, id: record.id, fields(record))
            ended.append((record.id, record.endedAt ?? record.at))
            if lost.last?.id == record.id { takeUp(record) }
            if record.stage == .confirmed, isRecent { watch(record) }
        }
        to.onChange()
    }

    /// Finds out about tasks that the last run was about to send or to revoke: whether they are sent, and
    /// that they will not be if they are not. What is out is followed on.
    func examineLost() async {
        await examineLostMessages()
        await examineTakenUp()
        for var record in lost {
            guard let proof = (try? CommandCatalog.command(record.command))?.proof,
                proof == .taskSeen || proof == .tasksRevoked
            else { continue }
            do throws(BrokerError) {
                try await examine(&record, proof)
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

    private func examine(
        _ record: inout CommandRecord, _ proof: CommandProof
    ) async throws(BrokerError) {
        let told: String
        if proof == .tasksRevoked {
            guard wereTasksRecorded(by: record) else {
                record.stage = .failed
                record.reason = CommandWords.neverSent
                return
            }
            told = CommandWords.kept
        } else if try await !hasRun(record.id) {
            record.stage = .failed
            record.reason = CommandWords.neverSent
            return
        } else {
            told = "broker: it had the message before the restart"
        }
        if !record.evidence.contains(told) { record.evidence.append(told) }
    }

    /// Whether the tasks of a revoke are on the disk. Those of a plan come there after the command itself,
    /// and before anybody is told.
    private func wereTasksRecorded(by record: CommandRecord) -> Bool {
        !isPlanned(record) || record.evidence.contains(CommandWords.tasksRecorded)
            || !to.revokes.revokes(of: record.id).isEmpty
    }

    func save(lost record: CommandRecord) async {
        let isNews = !record.stage.isOpen && left[record.id] != record.stage
        do {
            try await to.records.update(
                record, answer: nil, audit: isNews ? auditEntry(end: record) : nil)
            if isNews { left[record.id] = record.stage }
        } catch {
            to.log.error(
                "a command's end is not recorded", metadata: ["error": "\(error.message)"])
        }
    }
}
