internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Checks, records and performs a command.
    ///
    /// - Returns: the receipt, once the record is durable and, unless it looks at workers or long lists first
    ///   (``CommandSpec/looksFirst``), the broker has taken the effect.
    /// - Throws: why it was refused; the refusal is in the audit.
    func submit(_ request: Request) async throws(CommandFault) -> Receipt {
        do throws(CommandFault) {
            return try await accept(request)
        } catch {
            await auditRefusal(
                of: request.command, by: request.principal, at: request.remote, error)
            throw error
        }
    }

    func accept(_ request: Request) async throws(CommandFault) -> Receipt {
        let now = to.clock.now()
        guard 1...CommandLimits.keyBytes ~= request.key.utf8.count else {
            throw CommandFault(
                .invalid, "key must be 1 to \(CommandLimits.keyBytes) bytes, new for each command")
        }
        let spec = try CommandSpec(
            request.command, args: request.args, expect: request.expect,
            newID: taskIDs(for: request))
        if let reason = Authorization.verdict(on: spec.act, for: request.principal).refusal {
            throw CommandFault(.forbidden, reason)
        }
        try authorize(spec.action, for: request.principal)
        try rates.take(request.principal.id, destroying: spec.destroying, now: now)
        do throws(CommandFault) {
            return try await accept(request, spec, now: now)
        } catch {
            // What was possible when it came first need not be possible now: the task of a retry may be
            // forgotten, an exchange may have no queue, the broker may be away.
            guard let receipt = try await earlier(request, now: now) else { throw error }
            return receipt
        }
    }

    private func accept(
        _ request: Request, _ spec: CommandSpec, now: Double
    ) async throws(CommandFault) -> Receipt {
        makeRoom()
        guard open.count + beginning < CommandLimits.open else {
            throw CommandFault(.busy, "too many commands are open", retryAfterMilliseconds: 1_000)
        }
        guard to.broker.isConnected else {
            throw CommandFault(
                .brokerDown, "no connection to the broker; nothing was sent",
                retryAfterMilliseconds: 1_000)
        }
        try checkSeen(spec)
        beginning += 1
        defer { beginning -= 1 }
        var spec = spec
        switch spec.action {
        case .planned(let planned):
            return try await accept(request, spec, planned, now: now)
        case .restore(let restore): spec.action = .restore(try locate(restore))
        default: break
        }
        let plan = try await plan(for: spec, workers: try targets(of: spec), now: now)
        switch try await record(request, spec, plan.workers, now: now) {
        case .before(let receipt): return receipt
        case .new(let command) where spec.looksFirst:
            carryOutLater(command, request, plan)
            return receipt(for: command, .accepted)
        case .new(let command):
            await carryOut(plan, for: command)
            let stage = command.tracker.state
            command.answer = StoredAnswer(id: command.record.id, stage: stage).text
            if stage.isOpen {
                // The record is on the disk since before the effect; how far it has come may follow.
                save(command)
            } else {
                await saved(command)
            }
            return receipt(for: command, command.tracker.state)
        }
    }

    /// Takes a command for the tasks of a plan.
    private func accept(
        _ request: Request, _ spec: CommandSpec, _ planned: PlannedSpec, now: Double
    ) async throws(CommandFault) -> Receipt {
        let principal = request.principal.id
        try checkBulk(principal)
        bulkBeginning.insert(principal)
        defer { bulkBeginning.remove(principal) }
        let plan = try plan(
            planned.plan, for: spec.name, to: planned.queue, request.principal, now: now)
        guard !plan.entries.isEmpty else {
            throw CommandFault(.precondition, "there is no task in this plan")
        }
        var (spec, planned) = (spec, planned)
        planned.ids = plan.entries.map(\.id)
        spec.action = .planned(planned)
        let recorded = try await record(request, spec, asked(for: spec), now: now)
        plans.use(planned.plan)
        switch recorded {
        case .before(let receipt): return receipt
        case .new(let command):
            carryOutLater(command, request, nil)
            return receipt(for: command, .accepted)
        }
    }

    /// Ids of tasks that a request starts, from its key: a repetition gives the same ones.
    func taskIDs(
        for request: Request
    ) -> @Sendable (Int) throws(CommandFault) -> String {
        taskIDs(principal: request.principal.id, key: request.key)
    }

    func taskIDs(
        principal: String, key: String
    ) -> @Sendable (Int) throws(CommandFault) -> String {
        let secrets = to.secrets
        return { number throws(CommandFault) in
            do throws(CredentialError) {
                // No principal's id ends like that, so no key of another can give these ids.
                let owner = number == 0 ? principal : "\(principal)#\(number)"
                return try secrets.taskID(principal: owner, key: key)
            } catch {
                throw CommandFault(.busy, error.message, retryAfterMilliseconds: 1_000)
            }
        }
    }

    /// What came of recording a command.
    private enum Recorded {
        case new(Open)
        /// The same request came before.
        case before(Receipt)
    }

    /// Records a command, and shows it.
    private func record(
        _ request: Request, _ spec: CommandSpec, _ workers: [String], now: Double
    ) async throws(CommandFault) -> Recorded {
        let wait = min(
            max(
                request.deadline ?? spec.command.deadline
                    + (spec.action.isBulk
                        ? Double(spec.action.taskIDs.count) / BulkLimits.tasksPerSecond : 0),
                CommandLimits.deadline.lowerBound
            ),
            CommandLimits.deadline.upperBound)
        var record = try newRecord(request, spec, now: now, wait: wait)
        let remains =
            spec.command.proof.isByWorker
            ? CommandRemains(arguments: request.args, workers: workers) : nil
        record.remains = remains?.text
        let desired = desired(by: spec.action, record)
        var claim = claim(of: request)
        if spec.looksFirst { claim.answer = StoredAnswer(id: record.id, stage: .accepted).text }
        let beginning: CommandBeginning
        do {
            beginning = try await to.records.begin(
                record, claim: claim,
                audit: AuditEntry(
                    at: now, principal: request.principal.name, remote: request.remote,
                    action: spec.name, target: record.target, outcome: "accepted"),
                desired: desired)
        } catch {
            throw CommandFault(
                .brokerDown, "the command could not be recorded: \(error.message)",
                retryAfterMilliseconds: 5_000)
        }
        if let receipt = try receipt(for: beginning) { return .before(receipt) }
        to.revokes.added(desired.revokes, stamps: desired.stamps)
        if let trash = desired.trash { to.trash.added(trash) }
        to.pauses.added(desired)
        if case .control(.cancelConsumer(let queue)) = spec.action {
            to.pauses.dismiss(workers, of: queue)
        }
        let command = Open(CommandTracker(spec, workers: workers), record)
        command.remains = remains
        start(command, wait: wait)
        if spec.action.isBulk { keepBulk(command) }
        return .new(command)
    }

    /// Sends what a command asks for to those who can do it.
    func carryOut(_ plan: Plan, for command: Open) async {
        for (worker, lack) in plan.unable {
            learn(.unable(worker: worker, reason: lack.reason, fix: lack.fix), for: command)
        }
        let late = command.tracker.silent.sorted().filter(answersLate).map {
            "\($0) is busy and will answer after its task (solo pool)"
        }
        for (id, reason) in plan.skipped { learn(.skipped(id: id, reason: reason), for: command) }
        for note in plan.notes + late { learn(.noted(note), for: command) }
        if let effect = plan.effect {
            await perform(effect, for: command)
        } else if command.tracker.spec.action.isBulk {
            learn(.declined("none of the tasks can be dealt with any more"), for: command)
        } else if let first = plan.unable.first {
            // Unless the last of them has ended it already.
            learn(.declined("\(first.worker): \(first.lack.reason)"), for: command)
        }
    }

    private func receipt(for command: Open, _ stage: CommandStage) -> Receipt {
        let id = command.record.id
        let handle = to.rows.engine.handle(of: id, in: to.rows.commands) ?? 0
        return Receipt(handle: handle, id: id, stage: stage, isDuplicate: false)
    }

    /// What a command leaves behind.
    func desired(by action: CommandAction, _ record: CommandRecord) -> DesiredState {
        var desired = DesiredState(
            stamps: RevokeDesk.rows(of: action, command: record.id, now: record.at))
        if case .revoke(let revoke) = action {
            let fleet = to.feed.fleet
            desired.revokes = RevokeDesk.rows(
                of: revoke, command: record.id, now: record.at,
                eta: { fleet.task($0)?.dueAt }
            ).filter {
                let state = fleet.task($0.taskID)?.state
                return state != .success && state != .failure
            }
        }
        if case .purge(let purge) = action { desired.trash = purge.trash(of: record) }
        if case .message(let message) = action { desired.trash = message.purge?.trash(of: record) }
        pausing(by: action, record, in: &desired)
        return desired
    }

    /// The receipt of the same request, if it came before.
    private func earlier(
        _ request: Request, now: Double
    ) async throws(CommandFault) -> Receipt? {
        let beginning: CommandBeginning
        do throws(RecordsError) {
            beginning = try await to.records.known(claim(of: request), now: now)
        } catch {
            throw CommandFault(
                .brokerDown, "the records could not be read: \(error.message)",
                retryAfterMilliseconds: 5_000)
        }
        return try receipt(for: beginning)
    }

    private func receipt(for beginning: CommandBeginning) throws(CommandFault) -> Receipt? {
        switch beginning {
        case .conflict:
            throw CommandFault(.conflict, "this key was used for another command; use a new one")
        case .duplicate(let known, let answer):
            let handle = to.rows.engine.handle(of: known.id, in: to.rows.commands) ?? 0
            let stage = open[known.id]?.tracker.state ?? known.stage
            return Receipt(
                handle: handle, id: known.id, stage: stage, isDuplicate: true,
                firstStage: answer.flatMap(StoredAnswer.init)?.stage)
        case .new: return nil
        }
    }

    private func claim(of request: Request) -> IdempotencyClaim {
        IdempotencyClaim(
            principal: request.principal.id, key: request.key, request: canonical(request))
    }

    func newRecord(
        _ request: Request, _ spec: CommandSpec, now: Double, wait: Double
    ) throws(CommandFault) -> CommandRecord {
        let id: String
        do {
            id = try to.secrets.makeIdentifier()
        } catch {
            throw CommandFault(.busy, error.message, retryAfterMilliseconds: 1_000)
        }
        var record = CommandRecord(
            id: id, command: spec.name,
            arguments: redactedText(request.args, by: to.settings.redactor),
            target: to.settings.redactor.redacted(spec.target), principal: request.principal.id,
            by: request.principal.name,
            at: now, deadlineAt: now + wait)
        let tasks = spec.action.isPlanned ? [] : spec.action.taskIDs
        if tasks.count == 1 { record.taskID = tasks[0] }
        return record
    }

    func canonical(_ request: Request) -> [UInt8] {
        var writer = JsonWriter()
        writer.value([.string(request.command), request.args, request.expect])
        return writer.bytes
    }

    /// Writes to the audit that a command was refused, or counts it (``RefusalLedger``).
    ///
    /// - Parameter command: its name; empty if the request has none.
    func auditRefusal(
        of command: String, by principal: Principal, at remote: String, _ fault: CommandFault
    ) async {
        await to.audit.refused(
            AuditEntry(
                at: to.clock.now(), principal: principal.name, remote: remote,
                action: command.isEmpty ? "a command" : String(command.prefix(60)),
                outcome: "refused",
                detail: String(fault.message.prefix(CommandLimits.evidenceLength))),
            principal: principal.id)
    }
}
