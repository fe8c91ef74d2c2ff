internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Ports
internal import WireFormats

extension CommandDesk {
    // MARK: - Dry run

    /// Finds out which tasks a command would be about, and fixes that list for a minute.
    ///
    /// - Throws: why there is no plan: no such command or filter, not allowed, too many tasks, too often;
    ///   the refusal is in the audit.
    func makePlan(
        _ name: String, _ filter: FilterExpression, _ principal: Principal, remote: String
    ) async throws(CommandFault) -> TaskPlan {
        do throws(CommandFault) {
            return try await plan(name, filter, principal)
        } catch {
            await auditRefusal(of: "plan \(name)", by: principal, at: remote, error)
            throw error
        }
    }

    private func plan(
        _ name: String, _ filter: FilterExpression, _ principal: Principal
    ) async throws(CommandFault) -> TaskPlan {
        let command = try CommandCatalog.command(name)
        guard command.parameter(CommandCatalog.plan.name) != nil else {
            let known = CommandCatalog.planned.map(\.name).joined(separator: ", ")
            throw CommandFault(.invalid, "there are plans for \(known), not for \(name)")
        }
        if let reason = Authorization.verdict(on: .plan(command), for: principal).refusal {
            throw CommandFault(.forbidden, reason)
        }
        try rates.take(principal.id, now: to.clock.now())
        guard plansMaking < BulkLimits.making else {
            throw CommandFault(.busy, "too many plans are being made", retryAfterMilliseconds: 500)
        }
        plansMaking += 1
        defer { plansMaking -= 1 }
        let ids = try await find(filter, for: principal)
        var entries: [TaskPlan.Entry] = []
        var skipped: [String: Int] = [:]
        for id in ids {
            guard let task = to.feed.fleet.task(id) else {
                skipped["nothing is known about it any more", default: 0] += 1
                continue
            }
            if let reason = skipReason(task, for: name) {
                skipped[reason, default: 0] += 1
                continue
            }
            entries.append(
                TaskPlan.Entry(
                    id: id, name: task.name, state: task.state.name, queue: task.queue,
                    worker: task.worker))
        }
        guard entries.count <= BulkLimits.tasks else {
            throw CommandFault(
                .tooLarge,
                "\(entries.count) tasks match, and a plan holds at most \(BulkLimits.tasks); make the filter narrower"
            )
        }
        let now = to.clock.now()
        let token: String
        do {
            token = try to.secrets.makeIdentifier()
        } catch {
            throw CommandFault(.busy, error.message, retryAfterMilliseconds: 1_000)
        }
        let plan = TaskPlan(
            token: token, command: name, principal: principal.id, entries: entries,
            skipped: skipped, expiresAt: now + BulkLimits.planSeconds)
        plans.add(plan, now: now)
        return plan
    }

    /// Ids of the tasks that match, in turns so short that nobody waits for them. Those that could not
    /// be in a plan count too, up to as many as are kept at all.
    private func find(
        _ filter: FilterExpression, for principal: Principal
    ) async throws(CommandFault) -> [String] {
        guard let projection = Authorization.projection(of: Topics.tasks, for: principal) else {
            throw CommandFault(.forbidden, "this credential is not for topic tasks")
        }
        let run: MatchRun
        do throws(SyncError) {
            run = try to.rows.engine.matches(
                filter, in: Topics.tasks.name, limit: to.feed.fleet.limits.tasks + 1,
                projection: projection)
        } catch {
            throw CommandFault(.invalid, "where: \(error.message)")
        }
        while !run.isDone {
            let started = ContinuousClock.now
            repeat {
                run.step(SessionLimits.queryRows)
            } while !run.isDone
                && (ContinuousClock.now - started) / .milliseconds(1) < SessionLimits.querySlice
            if !run.isDone { await LoopTimer.sleep(.milliseconds(1)) }
        }
        return run.ids
    }

    /// Why a task that matches is not in a plan.
    private func skipReason(_ task: TaskRecord, for command: String) -> String? {
        guard command == CommandCatalog.retry.name else {
            return task.state.isFinished && task.state != .lost ? "it has ended" : nil
        }
        do throws(CommandFault) {
            _ = try runAgain(RetrySpec(id: task.id, newID: task.id))
            return nil
        } catch {
            return kind(error, of: task.id)
        }
    }

    /// A refusal without the name of its task, so that those of many can be counted.
    private func kind(_ fault: CommandFault, of id: String) -> String {
        fault.message.replacing("task \(id)", with: "it")
    }

    // MARK: - Submitting

    /// Refuses a second command for many while one is in flight (R43).
    func checkBulk(_ principal: String) throws(CommandFault) {
        let count = bulks.values.filter {
            $0.record.principal == principal && open[$0.record.id] != nil
                && $0.tracker.state.isOpen
        }.count
        guard count < BulkLimits.inFlight, !bulkBeginning.contains(principal) else {
            throw CommandFault(
                .limited, "one command for many tasks at a time; yours is under way",
                retryAfterMilliseconds: 1_000)
        }
    }

    /// What is to be done with the tasks of a plan.
    func resolve(
        _ planned: PlannedSpec, _ request: Request
    ) async throws(CommandFault) -> CommandAction {
        switch planned.act {
        case .revoke(let terminate, let signal):
            return .revoke(
                RevokeSpec(
                    ids: planned.ids, terminate: terminate, signal: signal,
                    isPlanned: true))
        case .retry(let queue, let eta):
            var rerun = RerunSpec(items: [], refused: [:])
            let newID = taskIDs(for: request)
            for (number, id) in planned.ids.enumerated() {
                if number % BulkLimits.publishedAtOnce == BulkLimits.publishedAtOnce - 1 {
                    await LoopTimer.sleep(.milliseconds(1))
                }
                let retry = RetrySpec(
                    id: id, newID: try newID(number + 1), queue: queue, eta: eta)
                do throws(CommandFault) {
                    rerun.items.append(RerunSpec.Item(id: id, run: try runAgain(retry)))
                } catch {
                    rerun.refused[id] = kind(error, of: id)
                }
            }
            return .rerun(rerun)
        }
    }

    /// What is sent for many tasks, and for which of them nothing is.
    func planBulk(
        _ action: CommandAction, _ workers: [String],
        _ unable: [(worker: String, lack: CommandNeed.Lack)], now: Double
    ) async throws(CommandFault) -> Plan {
        var skipped: [String: String] = [:]
        var toSend = action
        switch action {
        case .revoke(var revoke):
            for id in revoke.ids {
                guard let state = to.feed.fleet.task(id)?.state, state.isFinished, state != .lost
                else { continue }
                skipped[id] = "the task had ended already: \(state.name)"
            }
            revoke.ids.removeAll { skipped[$0] != nil }
            toSend = .revoke(revoke)
            if revoke.ids.isEmpty {
                return Plan(workers: workers, unable: [], notes: [], skipped: skipped, effect: nil)
            }
        case .rerun(let rerun):
            skipped = rerun.refused
            guard !rerun.items.isEmpty else {
                return Plan(workers: workers, unable: [], notes: [], skipped: skipped, effect: nil)
            }
            // Encoding them all at once would hold everybody up for a moment.
            var publications: [Publication] = []
            for chunk in rerun.items.chunks(of: BulkLimits.publishedAtOnce) {
                let part = CommandAction.rerun(RerunSpec(items: chunk, refused: [:]))
                if case .publishMany(let more) = try Effect(
                    part, settings: to.settings, origin: to.origin, now: now)
                {
                    publications += more
                }
                await LoopTimer.sleep(.milliseconds(1))
            }
            return Plan(
                workers: workers, unable: [], notes: [], skipped: skipped,
                effect: .publishMany(publications))
        default: break
        }
        let effect = try Effect(
            toSend, settings: to.settings, origin: to.origin, now: now)
        // They are told all the same: the tasks must not run again.
        let notes = unable.map { "\($0.worker) runs one of them: \($0.lack.reason)" }
        return Plan(workers: workers, unable: [], notes: notes, skipped: skipped, effect: effect)
    }

    // MARK: - Outcomes

    /// Keeps what becomes of each task of the last commands for many.
    func keepBulk(_ command: Open) {
        bulkOrder.append(command.record.id)
        bulks[command.record.id] = command
        // Those in flight are needed.
        guard bulkOrder.count > BulkLimits.kept,
            let oldest = bulkOrder.firstIndex(where: { bulks[$0]?.tracker.state.isOpen != true })
        else { return }
        bulks[bulkOrder.remove(at: oldest)] = nil
    }

    /// What became of tasks of a command for many: `{id, newId?, state, reason?}`.
    ///
    /// - Returns: how many there are, and those of the page; `nil` if they are not kept (any more).
    func outcomes(
        of command: String, offset: Int, limit: Int
    ) -> (total: Int, items: [JsonValue])? {
        guard let command = bulks[command] else { return nil }
        let tracker = command.tracker
        let ids: [(target: String, id: String)]
        switch tracker.spec.action {
        case .rerun(let rerun):
            ids =
                rerun.items.map { ($0.run.id, $0.id) }
                + rerun.refused.keys.sorted().map { ($0, $0) }
        default: ids = tracker.spec.action.taskIDs.map { ($0, $0) }
        }
        let items = ids.dropFirst(offset).prefix(limit).map { target, id in
            let outcome = tracker.outcome(of: target)
            var members = [JsonMember("id", .string(id))]
            if target != id { members.append(JsonMember("newId", .string(target))) }
            members.append(JsonMember("state", .string(outcome.state)))
            if let reason = outcome.reason { members.append(JsonMember("reason", .string(reason))) }
            return JsonValue.object(members)
        }
        return (ids.count, items)
    }
}

extension TaskPlan {
    /// The plan for people and programs, with a part of its list.
    func json(offset: Int, limit: Int = BulkLimits.page, now: Double) -> JsonValue {
        let tasks = entries.dropFirst(offset).prefix(limit).map { entry in
            let texts = [
                ("id", entry.id), ("name", entry.name), ("state", entry.state),
                ("queue", entry.queue), ("worker", entry.worker),
            ]
            return JsonValue.object(
                texts.compactMap { name, text in text.map { JsonMember(name, .string($0)) } })
        }
        return [
            "plan": .string(token), "cmd": .string(command),
            "count": .integer(Int64(entries.count)),
            "ttlMs": .integer(Int64(max(0, expiresAt - now) * 1000)),
            "skipped": .object(
                skipped.sorted { $0.key < $1.key }.map {
                    JsonMember($0.key, .integer(Int64($0.value)))
                }),
            "offset": .integer(Int64(offset)), "tasks": .array(tasks),
        ]
    }
}
