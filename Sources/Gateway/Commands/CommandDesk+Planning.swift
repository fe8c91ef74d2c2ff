internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

extension CommandDesk {
    /// Who has to do a command, who cannot, and what is sent to the rest.
    struct Plan {
        /// The workers that are meant.
        var workers: [String]
        /// Those that are known to be unable, and why.
        let unable: [(worker: String, lack: CommandNeed.Lack)]
        /// What people should know about it.
        let notes: [String]
        /// Tasks of a command for many about which nothing is sent -> why.
        var skipped: [String: String] = [:]
        /// What is sent; `nil` if nobody could do it.
        var effect: Effect?
    }

    /// The workers that are to do a command, or are asked.
    func targets(of spec: CommandSpec) throws(CommandFault) -> [String] {
        switch spec.workers {
        case .none: return asked(for: spec)
        case .named(let names): return names
        case .all:
            let workers = upWorkers
            guard !workers.isEmpty else {
                throw CommandFault(.precondition, "no worker is up", retryAfterMilliseconds: 5_000)
            }
            return workers
        }
    }

    /// Plans with what is known now.
    ///
    /// - Parameter workers: who is to do it.
    func plan(
        for spec: CommandSpec, workers: [String], now: Double
    ) async throws(CommandFault) -> Plan {
        if let plan = try planPausing(spec.action, now: now) { return plan }
        let unable = unable(spec, among: workers)
        let lacking = Set(unable.map(\.worker))
        let able = workers.filter { !lacking.contains($0) }
        let isForEverybody = spec.command.destination == .everybody
        let isIdle =
            isForEverybody
            ? isEndingInVain(spec, lacking) : able.isEmpty && !workers.isEmpty
        let resolved = try await resolve(spec.action, now: now)
        let effect = try Effect(
            resolved.action, workers: isForEverybody ? [] : isIdle ? workers : able,
            queues: resolved.queues,
            settings: to.settings, origin: to.origin, now: now)
        guard isForEverybody, spec.command.proof == .tasksRevoked, !isIdle else {
            return Plan(
                workers: workers, unable: unable, notes: resolved.notes,
                effect: isIdle ? nil : effect)
        }
        // They are told all the same: the tasks must not run again.
        let notes = unable.map { "\($0.worker) runs one of them: \($0.lack.reason)" }
        return Plan(workers: workers, unable: [], notes: resolved.notes + notes, effect: effect)
    }

    /// Asks workers that have just appeared, or that a gateway which has just started does not know yet,
    /// for what decides whether they can do it. Who is busy, or does not answer, is told the command
    /// all the same.
    func learnCapabilities(_ spec: CommandSpec, of workers: [String]) async {
        let needs = spec.needs
        guard !needs.isEmpty else { return }
        let concerned = concerned(spec, among: workers).filter(mayAnswer)
        let asked = [ControlMethod.stats, .conf].map { question in
            let names = concerned.filter { name in
                let worker = to.feed.fleet.worker(name)
                return needs.contains { $0.missing(of: worker) == question }
            }
            return Task { @LoopActor in
                await reachNew(names)
                _ = await to.inspector.answers(of: names, to: question)
            }
        }
        for question in asked { await question.value }
    }

    /// Whether it makes sense to wait for what a worker says of itself. One that is not known is there only
    /// if nobody has looked yet.
    func mayAnswer(_ name: String) -> Bool {
        guard let worker = to.feed.fleet.worker(name) else { return !to.inspector.isReconciled }
        return worker.health != .offline && !worker.answersLate
    }

    /// Workers whose abilities matter. A revoke concerns only those that run one of its tasks.
    private func concerned(_ spec: CommandSpec, among workers: [String]) -> [String] {
        guard spec.command.proof == .tasksRevoked else { return workers }
        return Set(spec.action.taskIDs.compactMap(runner)).sorted()
    }

    /// Workers that are known to be unable.
    func unable(
        _ spec: CommandSpec, among workers: [String]
    ) -> [(worker: String, lack: CommandNeed.Lack)] {
        guard !spec.needs.isEmpty else { return [] }
        return concerned(spec, among: workers).compactMap { name in
            guard let worker = to.feed.fleet.worker(name),
                let lack = spec.needs.lazy.compactMap({ $0.lack(of: worker) }).first
            else { return nil }
            return (name, lack)
        }
    }

    /// The worker that runs a task now.
    func runner(of id: String) -> String? {
        guard let task = to.feed.fleet.task(id), task.state == .started else { return nil }
        return task.worker
    }

    /// Whether every task of a revoke runs where it cannot be ended. A solo worker is asked all the
    /// same: its task may be over before it hears of this.
    private func isEndingInVain(_ spec: CommandSpec, _ lacking: Set<String>) -> Bool {
        guard case .revoke(let revoke) = spec.action, !lacking.isEmpty else { return false }
        return revoke.ids.allSatisfy { id in
            guard let worker = runner(of: id), lacking.contains(worker) else { return false }
            return to.feed.fleet.worker(worker)?.pool != "solo"
        }
    }

    /// Names of the workers that an answer can be expected from.
    func asked(for spec: CommandSpec) -> [String] {
        spec.command.destination == .everybody ? upWorkers : []
    }

    private var upWorkers: [String] {
        to.feed.fleet.workerNames.filter { to.feed.fleet.worker($0)?.health.isUp == true }
    }
}
