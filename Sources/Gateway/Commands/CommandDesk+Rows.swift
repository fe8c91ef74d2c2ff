internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

extension CommandDesk {
    func show(_ command: Open) {
        apply(command.tracker, to: &command.record)
        to.rows.engine.upsert(
            to.rows.commands, id: command.record.id, fields(command.record, command.tracker.counts))
        to.onChange()
    }

    func apply(_ tracker: CommandTracker, to record: inout CommandRecord) {
        if record.stage != tracker.state, !tracker.state.isOpen {
            outcomes[tracker.state, default: 0] += 1
        }
        record.stage = tracker.state
        // What workers say may quote what users wrote.
        record.evidence = tracker.evidence.map { to.settings.redactor.redacted($0) }
        record.reason = to.settings.redactor.redacted(tracker.reason)
        record.fix = tracker.fix
        // What is proven needs nobody's answer any more.
        record.silent = tracker.state == .confirmed ? [] : tracker.silent.sorted()
    }

    /// Records how far a command has come: one write at a time, the last state last.
    func save(_ command: Open) {
        command.isUnsaved = true
        guard !command.isSaving else { return }
        command.isSaving = true
        Task { @LoopActor in
            while command.isUnsaved { await write(command) }
            command.isSaving = false
            for waiter in command.savers { waiter.resume() }
            command.savers = []
        }
    }

    /// Records how far a command has come, and returns when that is on the disk.
    func saved(_ command: Open) async {
        save(command)
        await withCheckedContinuation { command.savers.append($0) }
    }

    private func write(_ command: Open) async {
        command.isUnsaved = false
        command.record.remains = remains(of: command)
        let record = command.record
        let isNews = !record.stage.isOpen && command.auditedStage != record.stage
        do {
            try await to.records.update(
                record, answer: command.answer, audit: isNews ? auditEntry(end: record) : nil)
            if isNews { command.auditedStage = record.stage }
        } catch {
            to.log.error(
                "a command's state is not recorded",
                metadata: ["command": "\(record.id)", "error": "\(error.message)"])
        }
    }

    /// The line in the audit about how a command ended.
    func auditEntry(end record: CommandRecord) -> AuditEntry {
        AuditEntry(
            at: to.clock.now(), principal: record.by, remote: "gateway", action: record.command,
            target: record.target, outcome: record.stage.rawValue, detail: record.reason ?? "")
    }

    /// What a later run needs to go on; nothing once there is an end that no proof can lift.
    private func remains(of command: Open) -> String? {
        let tracker = command.tracker
        guard var remains = command.remains, tracker.state.isOpen || tracker.state == .unknown
        else { return nil }
        remains.proven = tracker.proven.sorted()
        remains.refusals = tracker.refusals
        remains.before = command.statsBefore
        return remains.text
    }

    /// The fields in the order of ``Topics/commands``.
    func fields(
        _ record: CommandRecord, _ counts: CommandTracker.Counts? = nil
    ) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 18)
        row.add(record.command)
        row.add(record.arguments)
        row.add(record.target)
        row.add(record.stage.rawValue)
        row.add(record.by)
        row.add(record.at)
        row.add(record.sentAt)
        row.add(record.endedAt)
        row.add(record.deadlineAt)
        row.add(record.evidence.isEmpty ? nil : record.evidence)
        row.add(record.reason)
        row.add(record.fix)
        row.add(record.taskID)
        row.add(record.silent.isEmpty ? nil : record.silent)
        row.add(counts?.total)
        row.add(counts?.done)
        row.add(counts?.refused)
        row.add(record.principal)
        return row.updates
    }
}
