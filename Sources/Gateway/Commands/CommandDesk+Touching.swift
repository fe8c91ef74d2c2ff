internal import EventLoop
internal import Fleet
internal import Ports
internal import WireFormats

/// What commands touch, for those who are limited to queues and names of tasks.
extension CommandDesk {
    /// Refuses a command that is, or may be, about what its principal is not for. It is the same refusal for
    /// a task that nobody knows and for one that others may know of.
    func authorize(_ action: CommandAction, for principal: Principal) throws(CommandFault) {
        // Looking up what a command touches is for nobody else.
        guard Grant(principal.scope) != nil else { return }
        let act = Act.touch(touched(by: action))
        if let reason = Authorization.verdict(on: act, for: principal).refusal {
            throw CommandFault(.forbidden, reason)
        }
    }

    /// The plan of a token, unless its owner has been limited to less since.
    ///
    /// - Parameters:
    ///   - command: the command that it is used for; `nil` if it is read.
    ///   - queue: where its tasks are to go.
    func plan(
        _ token: String, for command: String? = nil, to queue: String? = nil,
        _ principal: Principal, now: Double
    ) throws(CommandFault) -> TaskPlan {
        let plan = try plans.plan(token, for: command, principal: principal.id, now: now)
        guard Grant(principal.scope) != nil else { return plan }
        var all = plan.entries.flatMap { touched(task: $0.name, queue: $0.queue) }
        if let queue { all += plan.entries.flatMap { touched(task: $0.name, queue: queue) } }
        if let reason = Authorization.verdict(on: .touch(all), for: principal).refusal {
            throw CommandFault(.forbidden, reason)
        }
        return plan
    }

    private func touched(by action: CommandAction) -> [Touched] {
        switch action {
        case .run(let run): touched(by: run)
        case .group(let group):
            group.runs.flatMap { touched(by: $0) }
                + (group.body.map { touched(by: [$0]) } ?? [])
        case .retry(let retry): touched(by: retry)
        case .revoke(let revoke): touched(revoke.ids)
        // Its tasks are looked at with the plan.
        case .planned: []
        case .rerun(let rerun): rerun.items.flatMap { touched(by: $0.run) }
        case .purge(let purge): [Touched(queue: purge.queue)]
        case .restore(let restore): [Touched(queue: to.trash[restore.trash]?.queue)]
        case .message(let message): touched(by: message)
        case .pause(let pause): [Touched(queue: pause.queue)]
        case .resume(let queue): [Touched(queue: queue)]
        case .control(.queryTask(let ids)): touched(ids)
        case .control(.rateLimit(let task, _)), .control(.timeLimit(let task, _, _)):
            [Touched(task: task)]
        case .revokeStamped, .control: [.anything]
        }
    }

    private func touched(by run: RunSpec) -> [Touched] {
        // Where an exchange leads to can change until the message is sent.
        let queue = run.exchange == nil ? run.queue : nil
        return touched(task: run.task, queue: queue)
            + touched(by: run.link + run.linkError + run.chain)
            + (run.chord.map { touched(by: [$0]) } ?? [])
    }

    /// Without a queue, the worker that calls it chooses one.
    private func touched(by signatures: [Signature]) -> [Touched] {
        signatures.flatMap {
            touched(task: $0.task, queue: $0.queue) + touched(by: $0.callbacks + $0.errbacks)
        }
    }

    /// Celery's own tasks (`celery.group`, `.chord`, `.map` …: celery/app/builtins.py) do what their
    /// arguments say, with any task and any queue.
    private func touched(task: String?, queue: String?) -> [Touched] {
        task?.hasPrefix("celery.") == true ? [.anything] : [Touched(task: task, queue: queue)]
    }

    private func touched(by retry: RetrySpec) -> [Touched] {
        let old = touched(retry.id)
        return touched(task: old.task, queue: old.queue)
            + touched(task: retry.task ?? old.task, queue: retry.queue ?? old.queue)
    }

    private func touched(by message: MessageSpec) -> [Touched] {
        let place = Touched(queue: message.queue)
        guard case .move(let other, _) = message.act else { return [place] }
        return [place, Touched(queue: other)]
    }

    private func touched(_ ids: [String]) -> [Touched] { ids.map { touched($0) } }

    private func touched(_ id: String) -> Touched {
        // One of an id that was cut may be another than the one that is meant.
        guard let task = to.feed.fleet.task(id), task.id == id else { return .anything }
        return Touched(task: task.name, queue: task.queue)
    }
}
