internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

/// Takes commands, records them, performs them and follows them to their end. Each is a row of topic
/// `commands`.
@LoopActor
final class CommandDesk {
    /// A request to do something.
    struct Request: Sendable {
        var command: String
        var args: JsonValue
        var expect: JsonValue
        var key: String
        var deadline: Double?
        var principal: Principal
        var remote: String
    }

    /// Step 1 of the answer (R38).
    struct Receipt: Equatable {
        /// Handle of the row; 0 if the row is no longer kept.
        var handle: Int
        /// Id of the row.
        var id: String
        /// Where the command stands.
        var stage: CommandStage
        /// Whether the same request had come before.
        var isDuplicate: Bool
    }

    final class Open {
        var tracker: CommandTracker
        var record: CommandRecord
        var timer: LoopTimer?
        /// Takes a result into account that no event has preceded.
        var resultTimer: LoopTimer?
        /// Pool processes before a restart, by worker.
        var processesBefore: [String: Set<Int>] = [:]

        init(_ tracker: CommandTracker, _ record: CommandRecord) {
            self.tracker = tracker
            self.record = record
        }
    }

    struct Dependencies {
        let rows: Rows
        let feed: Feed
        let broker: any BrokerCommands
        let control: ControlDesk
        let inspector: Inspector
        let records: any CommandRecords
        let audit: any AuditLog
        let secrets: any SecretSource
        let settings: CelerySettings
        let clock: GatewayClock
        let log: Logger
        let origin: String
        let onChange: @LoopActor () -> Void
    }

    let to: Dependencies
    var open: [String: Open] = [:]
    private var ended: [(id: String, at: Double)] = []
    private var tasksWatched: [String: Set<String>] = [:]
    private var workersWatched: [String: Set<String>] = [:]
    private var buckets: [String: (all: TokenBucket, dangerous: TokenBucket)] = [:]
    private var beginning = 0

    init(_ dependencies: Dependencies) {
        to = dependencies
    }

    /// Whether some command waits for news of a task or worker.
    var isWatching: Bool { !tasksWatched.isEmpty || !workersWatched.isEmpty }

    // MARK: - Taking a command

    /// Checks, records and performs a command.
    ///
    /// - Returns: the receipt, once the record is durable and the broker has taken the effect.
    /// - Throws: why it was refused; the refusal is in the audit.
    func submit(_ request: Request) async throws(CommandFault) -> Receipt {
        do throws(CommandFault) {
            return try await accept(request)
        } catch {
            await auditRefusal(request, error)
            throw error
        }
    }

    private func accept(_ request: Request) async throws(CommandFault) -> Receipt {
        let now = to.clock.now()
        guard 1...CommandLimits.keyBytes ~= request.key.utf8.count else {
            throw CommandFault(
                .invalid, "key must be 1 to \(CommandLimits.keyBytes) bytes, new for each command")
        }
        let taskID: String
        do {
            taskID = try to.secrets.taskID(principal: request.principal.id, key: request.key)
        } catch {
            throw CommandFault(.busy, error.message, retryAfterMilliseconds: 1_000)
        }
        let spec = try CommandParser.parse(
            request.command, args: request.args, expect: request.expect, taskID: taskID)
        guard spec.isAllowed(for: request.principal.role) else {
            throw CommandFault(
                .forbidden, "role \(request.principal.role.rawValue) may not do \(spec.name)")
        }
        try checkRate(request.principal.id, isDangerous: spec.isDangerous, now: now)
        let effect = try Effect(spec, settings: to.settings, origin: to.origin, now: now)
        guard open.count + beginning < CommandLimits.open else {
            throw CommandFault(.busy, "too many commands are open", retryAfterMilliseconds: 1_000)
        }
        guard to.broker.isConnected else {
            throw CommandFault(
                .brokerDown, "no connection to the broker; nothing was sent",
                retryAfterMilliseconds: 1_000)
        }
        beginning += 1
        defer { beginning -= 1 }
        return try await begin(request, spec, effect, now: now)
    }

    private func begin(
        _ request: Request, _ spec: CommandSpec, _ effect: Effect, now: Double
    ) async throws(CommandFault) -> Receipt {
        let wait = min(
            max(
                request.deadline ?? CommandLimits.defaultDeadline, CommandLimits.deadline.lowerBound
            ),
            CommandLimits.deadline.upperBound)
        let record = try newRecord(request, spec, now: now, wait: wait)
        let beginning: CommandBeginning
        do {
            beginning = try await to.records.begin(
                record,
                claim: IdempotencyClaim(
                    principal: request.principal.id, key: request.key,
                    request: canonical(request)),
                audit: AuditEntry(
                    at: now, principal: request.principal.name, remote: request.remote,
                    action: spec.name, target: spec.target, outcome: "accepted"),
                revokes: [])
        } catch {
            throw CommandFault(
                .brokerDown, "the command could not be recorded: \(error.message)",
                retryAfterMilliseconds: 5_000)
        }
        switch beginning {
        case .conflict:
            throw CommandFault(.conflict, "this key was used for another command; use a new one")
        case .duplicate(let known, _):
            let handle = to.rows.engine.handle(of: known.id, in: to.rows.commands) ?? 0
            let stage = open[known.id]?.tracker.state ?? known.stage
            return Receipt(handle: handle, id: known.id, stage: stage, isDuplicate: true)
        case .new: break
        }
        let command = Open(CommandTracker(spec, asked: asked(for: spec)), record)
        start(command, wait: wait)
        await perform(effect, for: command)
        await save(command, answered: true)
        let handle = to.rows.engine.handle(of: record.id, in: to.rows.commands) ?? 0
        return Receipt(
            handle: handle, id: record.id, stage: command.tracker.state, isDuplicate: false)
    }

    private func newRecord(
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
        switch spec {
        case .run(let run): record.taskID = run.id
        case .revoke(let revoke) where revoke.ids.count == 1: record.taskID = revoke.ids[0]
        default: break
        }
        return record
    }

    private func canonical(_ request: Request) -> [UInt8] {
        var writer = JsonWriter()
        writer.value([.string(request.command), request.args, request.expect])
        return writer.bytes
    }

    private func checkRate(
        _ principal: String, isDangerous: Bool, now: Double
    ) throws(CommandFault) {
        if buckets.count > 1_000 {
            buckets = buckets.filter {
                !$0.value.all.isIdle(now: now) || !$0.value.dangerous.isIdle(now: now)
            }
        }
        var pair =
            buckets[principal]
            ?? (
                TokenBucket(rate: CommandLimits.rate, burst: CommandLimits.burst, now: now),
                TokenBucket(
                    rate: CommandLimits.dangerousPerMinute / 60,
                    burst: CommandLimits.dangerousPerMinute, now: now)
            )
        defer { buckets[principal] = pair }
        var wait = pair.all.take(now: now)
        if wait == 0, isDangerous { wait = pair.dangerous.take(now: now) }
        guard wait == 0 else {
            throw CommandFault(
                .limited, "too many commands; try again in \(Int(wait.rounded(.up))) s",
                retryAfterMilliseconds: Int((wait * 1000).rounded(.up)))
        }
    }

    private func auditRefusal(_ request: Request, _ fault: CommandFault) async {
        do {
            try await to.audit.append(
                AuditEntry(
                    at: to.clock.now(), principal: request.principal.name, remote: request.remote,
                    action: String(request.command.prefix(60)), outcome: "refused",
                    detail: String(fault.message.prefix(CommandLimits.evidenceLength))))
        } catch {
            // The command is refused either way; the log keeps what the audit cannot.
            to.log.error("a refusal is not in the audit", metadata: ["error": "\(error.message)"])
        }
    }

    /// Names of the workers that an answer can be expected from.
    private func asked(for spec: CommandSpec) -> [String] {
        guard case .revoke = spec else { return [] }
        return to.feed.fleet.workerNames.filter {
            to.feed.fleet.worker($0)?.health.isUp == true
        }
    }

    // MARK: - Following a command

    private func start(_ command: Open, wait: Double) {
        let id = command.record.id
        open[id] = command
        for target in command.tracker.open {
            switch command.tracker.spec {
            case .run, .revoke: tasksWatched[target, default: []].insert(id)
            case .restart, .shutdown: workersWatched[target, default: []].insert(id)
            case .purge: break
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
        if was == .accepted, command.tracker.state != .accepted { command.record.sentAt = now }
        if was.isOpen, !command.tracker.state.isOpen { command.record.endedAt = now }
        show(command)
        guard was != command.tracker.state, !command.tracker.state.isOpen else { return }
        if command.tracker.state != .unknown { close(command) }
        Task { @LoopActor in await save(command, answered: false) }
    }

    private func deadlinePassed(_ id: String) {
        guard let command = open[id] else { return }
        learn(.deadline(hint: hint(for: command)), for: command)
        // Proof that comes late still counts, for a while.
        command.timer = LoopTimer(after: .seconds(300)) { [weak self] in self?.close(command) }
    }

    private func close(_ command: Open) {
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

    /// Shows what the last run of the gateway left: what had no end has none now.
    func restore(_ recent: [CommandRecord]) {
        for var record in recent {
            if record.stage.isOpen {
                record.stage = .unknown
                record.reason = "the gateway was restarted before there was proof"
                record.endedAt = record.endedAt ?? to.clock.now()
                let lost = record
                Task { @LoopActor in await saveLost(lost) }
            }
            to.rows.engine.upsert(to.rows.commands, id: record.id, fields(record))
            ended.append((record.id, record.endedAt ?? record.at))
        }
        to.onChange()
    }

    private func saveLost(_ record: CommandRecord) async {
        do {
            try await to.records.update(record, answer: nil, audit: nil)
        } catch {
            to.log.error(
                "a command's end is not recorded", metadata: ["error": "\(error.message)"])
        }
    }

    // MARK: - News

    /// Looks for news in events.
    func noticed(_ events: [CeleryEvent]) {
        guard isWatching else { return }
        for event in events {
            switch event {
            case .task(let task):
                guard let ids = tasksWatched[task.uuid], let state = task.kind.stateName else {
                    continue
                }
                let worker = task.kind == .sent ? nil : task.origin.hostname
                for id in ids {
                    guard let command = open[id] else { continue }
                    learn(.task(id: task.uuid, state: state, worker: worker), for: command)
                }
            case .worker(let worker):
                guard worker.kind == .offline, let ids = workersWatched[worker.origin.hostname]
                else { continue }
                for id in ids { noticedOffline(worker.origin.hostname, id) }
            }
        }
    }

    private func noticedOffline(_ worker: String, _ id: String) {
        guard let command = open[id], case .shutdown = command.tracker.spec else { return }
        learn(.effect(worker: worker, text: "said goodbye (worker-offline)"), for: command)
    }

    /// Looks for news in results.
    func noticed(_ results: [TaskResult]) {
        guard !tasksWatched.isEmpty else { return }
        for result in results {
            for id in tasksWatched[result.id] ?? [] {
                guard let command = open[id] else { continue }
                let fact = CommandTracker.Fact.task(
                    id: result.id, state: result.status, worker: result.worker)
                guard case .run = command.tracker.spec, result.worker == nil else {
                    learn(fact, for: command)
                    continue
                }
                // The worker's own event names the worker; it may be a moment behind the result.
                command.resultTimer = LoopTimer(after: .milliseconds(500)) { [weak self] in
                    self?.learn(fact, for: command)
                }
            }
        }
    }

    // MARK: - Showing and saving

    private func show(_ command: Open) {
        apply(command.tracker, to: &command.record)
        to.rows.engine.upsert(to.rows.commands, id: command.record.id, fields(command.record))
        to.onChange()
    }

    private func apply(_ tracker: CommandTracker, to record: inout CommandRecord) {
        record.stage = tracker.state
        record.evidence = tracker.evidence
        record.reason = tracker.reason
        record.fix = tracker.fix
        record.silent = tracker.silent.sorted()
    }

    private func save(_ command: Open, answered: Bool) async {
        let record = command.record
        let answer = answered ? record.id : nil
        let audit =
            record.stage.isOpen
            ? nil
            : AuditEntry(
                at: to.clock.now(), principal: record.by, remote: "gateway",
                action: record.command, target: record.target, outcome: record.stage.rawValue,
                detail: record.reason ?? "")
        do {
            try await to.records.update(record, answer: answer, audit: audit)
        } catch {
            to.log.error(
                "a command's state is not recorded",
                metadata: ["command": "\(record.id)", "error": "\(error.message)"])
        }
    }

    /// The fields in the order of ``Topics/commands``.
    private func fields(_ record: CommandRecord) -> [FieldUpdate] {
        var row = RowBuilder(capacity: 14)
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
        return row.updates
    }
}

extension TaskEvent.Kind {
    /// The state that Celery gives a task with this event; `nil` for custom ones.
    var stateName: String? {
        switch self {
        case .sent: "PENDING"
        case .received: "RECEIVED"
        case .started: "STARTED"
        case .succeeded: "SUCCESS"
        case .failed: "FAILURE"
        case .retried: "RETRY"
        case .revoked: "REVOKED"
        case .rejected: "REJECTED"
        case .cancelled: "CANCELLED"
        case .custom: nil
        }
    }
}
