internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Checks, records and performs a command.
    ///
    /// - Returns: the receipt, once the record is durable and the broker has taken the effect.
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
        try rates.take(
            request.principal.id, destroying: spec.isDangerous ? spec.name : nil, now: now)
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
        if case .restore(let restore) = spec.action {
            spec.action = .restore(try locate(restore))
        }
        guard case .planned(let planned) = spec.action else {
            let plan = try await plan(for: spec, now: now)
            return try await begin(request, spec, plan, now: now)
        }
        try checkBulk(request.principal.id)
        bulkBeginning.insert(request.principal.id)
        defer { bulkBeginning.remove(request.principal.id) }
        spec.action = try await resolve(planned, request, spec.name, now: now)
        let plan = try await plan(for: spec, now: now)
        let receipt = try await begin(request, spec, plan, now: now)
        plans.use(planned.plan)
        return receipt
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

    func begin(
        _ request: Request, _ spec: CommandSpec, _ plan: Plan, now: Double
    ) async throws(CommandFault) -> Receipt {
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
            ? CommandRemains(arguments: request.args, workers: plan.workers) : nil
        record.remains = remains?.text
        let desired = desired(by: spec.action, record)
        let beginning: CommandBeginning
        do {
            beginning = try await to.records.begin(
                record,
                claim: claim(of: request),
                audit: AuditEntry(
                    at: now, principal: request.principal.name, remote: request.remote,
                    action: spec.name, target: spec.target, outcome: "accepted"),
                desired: desired)
        } catch {
            throw CommandFault(
                .brokerDown, "the command could not be recorded: \(error.message)",
                retryAfterMilliseconds: 5_000)
        }
        if let receipt = try receipt(for: beginning) { return receipt }
        to.revokes.added(desired.revokes, stamps: desired.stamps)
        if let trash = desired.trash { to.trash.added(trash) }
        to.pauses.added(desired)
        if case .control(.cancelConsumer(let queue)) = spec.action {
            to.pauses.dismiss(plan.workers, of: queue)
        }
        var tracker = CommandTracker(spec, workers: plan.workers)
        tracker.running = Set(
            spec.action.taskIDs.filter { to.feed.fleet.task($0)?.state == .started })
        let command = Open(tracker, record)
        command.remains = remains
        start(command, wait: wait)
        if spec.action.isBulk { keepBulk(command) }
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
        } else if spec.action.isBulk {
            learn(.declined("none of the tasks can be dealt with any more"), for: command)
        } else if let first = plan.unable.first {
            // Unless the last of them has ended it already.
            learn(.declined("\(first.worker): \(first.lack.reason)"), for: command)
        }
        command.answer = StoredAnswer(id: record.id, stage: command.tracker.state).text
        if command.tracker.state.isOpen {
            // The record is on the disk since before the effect; how far it has come may follow.
            save(command)
        } else {
            await saved(command)
        }
        let handle = to.rows.engine.handle(of: record.id, in: to.rows.commands) ?? 0
        return Receipt(
            handle: handle, id: record.id, stage: command.tracker.state, isDuplicate: false)
    }

    /// What a command leaves behind.
    private func desired(by action: CommandAction, _ record: CommandRecord) -> DesiredState {
        var desired = DesiredState(
            stamps: RevokeDesk.rows(of: action, command: record.id, now: record.at))
        if case .revoke(let revoke) = action {
            desired.revokes = RevokeDesk.rows(of: revoke, command: record.id, now: record.at)
                .filter {
                    let state = to.feed.fleet.task($0.taskID)?.state
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
            id: id, command: spec.name, arguments: redactedText(request.args),
            target: spec.target, principal: request.principal.id, by: request.principal.name,
            at: now, deadlineAt: now + wait)
        let tasks = spec.action.taskIDs
        if tasks.count == 1 { record.taskID = tasks[0] }
        return record
    }

    func canonical(_ request: Request) -> [UInt8] {
        var writer = JsonWriter()
        writer.value([.string(request.command), request.args, request.expect])
        return writer.bytes
    }

    func auditRefusal(
        of command: String, by principal: Principal, at remote: String, _ fault: CommandFault
    ) async {
        await to.audit.refused(
            AuditEntry(
                at: to.clock.now(), principal: principal.name, remote: remote,
                action: String(command.prefix(60)), outcome: "refused",
                detail: String(fault.message.prefix(CommandLimits.evidenceLength))),
            principal: principal.id)
    }
}
