internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

/// Commands that look before they send: their submitters are answered as soon as they are recorded.
extension CommandDesk {
    /// Looks at what has to be known and carries a command out, after those that came before it.
    ///
    /// - Parameter first: what could be told without a look; `nil` for a plan's tasks.
    func carryOutLater(_ command: Open, _ request: Request, _ first: Plan?) {
        let id = command.record.id
        let spec = command.tracker.spec
        let earlier = spec.sequence.flatMap { sequences[$0]?.work }
        let work = Task { @LoopActor in
            await earlier?.value
            await lookAndCarryOut(command, request, first)
            if let place = spec.sequence, sequences[place]?.command == id {
                sequences[place] = nil
            }
        }
        if let place = spec.sequence { sequences[place] = (id, work) }
    }

    private func lookAndCarryOut(_ command: Open, _ request: Request, _ first: Plan?) async {
        do throws(CommandFault) {
            let plan =
                if let first {
                    try await look(for: command, first)
                } else {
                    try await lookThrough(command, request)
                }
            if command.tracker.state == .accepted || command.tracker.isKept {
                await carryOut(plan, for: command)
            } else {
                learn(.notSent(CommandWords.tooLate), for: command)
            }
        } catch {
            let isForNow = error.code == .brokerDown || error.code == .busy
            learn(isForNow ? .notSent(error.message) : .declined(error.message), for: command)
        }
        save(command)
    }

    /// Asks workers what has to be known of them, and plans anew.
    private func look(for command: Open, _ first: Plan) async throws(CommandFault) -> Plan {
        let spec = command.tracker.spec
        switch spec.action {
        case .resume: return first
        case .pause(let pause):
            // Once they are told, nobody knows any more who consumed the queue.
            await to.inspector.learnConsumers(
                unknown: to.feed.fleet.workersOfUnknownQueues.filter(mayAnswer))
            await to.pauses.remember(
                to.feed.fleet.consumers(of: pause.queue).map {
                    PausedConsumer(worker: $0.worker, $0.consumed)
                }, of: pause.queue)
            var plan = first
            (plan.workers, plan.effect) = try told(of: pause)
            aim(command, at: spec, plan.workers)
            return plan
        default:
            await learnCapabilities(spec, of: first.workers)
            return try await plan(for: spec, workers: first.workers, now: command.record.at)
        }
    }

    /// Finds out what is to be done with each task of a plan.
    private func lookThrough(
        _ command: Open, _ request: Request
    ) async throws(CommandFault) -> Plan {
        var spec = command.tracker.spec
        guard case .planned(let planned) = spec.action else {
            preconditionFailure("\(spec.name) is not for the tasks of a plan")
        }
        spec.action = try await resolve(planned, request)
        let workers = asked(for: spec)
        await learnCapabilities(spec, of: workers)
        let plan = try await planBulk(
            spec.action, workers, unable(spec, among: workers), now: command.record.at)
        guard command.tracker.state == .accepted else { return plan }
        let desired = desired(by: spec.action, command.record)
        if !desired.revokes.isEmpty { try await leave(desired, by: command) }
        aim(command, at: spec, workers)
        return plan
    }

    /// Records the tasks that are to be revoked, before anybody is told: a later run of the gateway knows by
    /// that whether anybody was.
    private func leave(_ desired: DesiredState, by command: Open) async throws(CommandFault) {
        var record = command.record
        record.evidence.append(CommandWords.tasksRecorded)
        do throws(RecordsError) {
            try await to.records.leave(desired, by: record)
        } catch {
            throw CommandFault(
                .busy, "its tasks could not be recorded: \(error.message); nothing was sent")
        }
        learn(.noted(CommandWords.tasksRecorded), for: command)
        to.revokes.added(desired.revokes, stamps: desired.stamps)
    }

    /// Points a command at what the look has found: other tasks, or other workers.
    private func aim(_ command: Open, at spec: CommandSpec, _ workers: [String]) {
        guard command.tracker.aim(at: spec, workers: workers) else { return }
        unfollow(command.record.id)
        command.remains?.workers = workers
        let tasks = spec.action.taskIDs
        if tasks.count == 1 { command.record.taskID = tasks[0] }
        follow(command)
        show(command)
    }
}
