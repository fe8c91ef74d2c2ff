internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// The plan of a command that pauses or resumes a queue; `nil` for others.
    ///
    /// - Throws: also if the command would undo a pause by the way.
    func planPausing(_ action: CommandAction, now: Double) throws(CommandFault) -> Plan? {
        switch action {
        case .pause(let pause): return try plan(pause, now: now)
        case .resume(let queue): return try planResumption(of: queue, now: now)
        case .control(.addConsumer(let queue, _, _, _)) where to.pauses.book.isPaused(queue):
            throw CommandFault(
                .precondition, "queue \(queue) is paused; resume it first (queue.resume)")
        default: return nil
        }
    }

    private func plan(_ pause: PauseSpec, now: Double) throws(CommandFault) -> Plan {
        if pause.end != nil {
            guard let end = pause.resumeAt(now: now), end > now,
                end - now <= CommandParameter.yearSeconds
            else {
                throw .argument("resumeAt", "must be in the future, within a year")
            }
        }
        let (workers, effect) = try told(of: pause)
        return Plan(
            workers: workers, unable: [],
            notes: notes(on: pause, now: now) + silence(of: consumers(of: pause.queue)),
            effect: effect)
    }

    /// Who has to stop for a pause, and what they are told with those that give no sign of life.
    func told(of pause: PauseSpec) throws(CommandFault) -> (workers: [String], Effect?) {
        let workers = consumers(of: pause.queue)
        return (
            workers.filter { !to.feed.fleet.isSilent($0) },
            try Effect(
                .pause(pause), workers: workers, settings: to.settings, origin: to.origin,
                now: to.clock.now())
        )
    }

    /// Who consumes a queue. Who has not said what it consumes may consume it.
    private func consumers(of queue: String) -> [String] {
        let fleet = to.feed.fleet
        return Set(fleet.consumers(of: queue).map(\.worker)).union(fleet.workersOfUnknownQueues)
            .sorted()
    }

    /// Those that are told without much hope.
    private func silence(of workers: [String]) -> [String] {
        let silent = workers.filter(to.feed.fleet.isSilent)
        guard !silent.isEmpty else { return [] }
        let names = silent.prefix(5).joined(separator: ", ") + (silent.count > 5 ? " …" : "")
        return [
            "\(silent.count) without a sign of life \(silent.count == 1 ? "is" : "are") told, too: \(names)"
        ]
    }

    private func notes(on pause: PauseSpec, now: Double) -> [String] {
        var notes: [String] = []
        let end = pause.resumeAt(now: now).map { "until \(IsoTime.text($0))" }
        notes.append(
            "recorded: it stays paused \(end ?? "until it is resumed"); workers that start are told"
        )
        if let known = to.pauses.book.rows[pause.queue], known.resumedAt == nil {
            notes.append("it was paused already, by \(known.by) at \(IsoTime.text(known.at))")
        }
        guard let queue = to.feed.fleet.queue(pause.queue) else {
            notes.append("no worker, message or binding of a queue of this name is known")
            return notes
        }
        let taken = [
            (queue.active, "running"), (queue.reserved, "prefetched"),
            (queue.scheduled, "held for their time"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !taken.isEmpty {
            notes.append(
                "workers have taken \(taken.joined(separator: ", ")): these tasks still run")
        }
        return notes
    }

    private func planResumption(of queue: String, now: Double) throws(CommandFault) -> Plan {
        guard let row = to.pauses.book.rows[queue] else {
            throw CommandFault(
                .precondition,
                "queue \(queue) is not paused; worker.addConsumer makes workers consume it")
        }
        var notes: [String] = []
        if let end = row.resumeAt, end <= now {
            notes.append("the pause by \(row.by) was to end at \(IsoTime.text(end))")
        }
        let up = row.consumers.filter { isThere($0.worker) }
        let away = row.consumers.map(\.worker).filter { !isThere($0) }.sorted()
        if !away.isEmpty {
            let names = away.prefix(5).joined(separator: ", ") + (away.count > 5 ? " …" : "")
            notes.append(
                "\(away.count) that consumed it \(away.count == 1 ? "is" : "are") away and told if back "
                    + "within an hour: \(names)")
        }
        let names = up.map(\.worker).sorted()
        return Plan(
            workers: names.filter { !to.feed.fleet.isSilent($0) }, unable: [],
            notes: notes + silence(of: names),
            effect: try Effect(
                ConsumerChange.giving(queue, back: up),
                ifNone: row.consumers.isEmpty
                    ? "no worker was seen to consume it, so none is told to"
                    : "none of the workers that consumed it is up"))
    }

    private func isThere(_ worker: String) -> Bool {
        to.feed.fleet.worker(worker).map { $0.offlineAt == nil } ?? false
    }

    /// What a command that pauses or resumes a queue leaves behind.
    func pausing(by action: CommandAction, _ record: CommandRecord, in desired: inout DesiredState)
    {
        switch action {
        case .pause(let pause):
            desired.pause = PausedQueue(
                queue: pause.queue, by: record.by, at: record.at,
                resumeAt: pause.resumeAt(now: record.at), reason: pause.reason,
                consumers: to.feed.fleet.consumers(of: pause.queue).map {
                    PausedConsumer(worker: $0.worker, $0.consumed)
                })
        case .resume(let queue): desired.resume = ResumedQueue(queue: queue, at: record.at)
        default: break
        }
    }

    /// Ends a pause whose time is over, as a command of the gateway's own.
    ///
    /// - Returns: false if that was not possible now.
    func endPause(_ row: PausedQueue) async -> Bool {
        do {
            _ = try await submit(
                Request(
                    command: "queue.resume", args: ["queue": .string(row.queue)], expect: .null,
                    key: try to.secrets.randomUUID(), deadline: nil,
                    principal: Principal(id: "gateway", name: "gateway", role: .admin),
                    remote: "gateway"))
            return true
        } catch {
            to.log.warning(
                "a pause could not be ended",
                metadata: ["queue": "\(row.queue)", "error": "\(error)"])
            return false
        }
    }
}
