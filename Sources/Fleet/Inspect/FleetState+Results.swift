extension FleetState {
    /// Merges results of the backend, read or heard.
    ///
    /// An event of the worker says more than the backend; the backend fills what no event told.
    /// A REVOKED result of an unknown id makes no record: `revoke` writes it for any text.
    package mutating func apply(results: [TaskResult], now: Double) {
        for result in results where !result.id.isEmpty {
            let known = tasks.find(Bounded.id(result.id, limits.idBytes))
            guard !result.status.isEmpty else {
                if let known { noteUnreadable(known, result.text, now: now) }
                continue
            }
            let isKnown = known != nil
            if !isKnown, result.status == "REVOKED" || result.status == "PENDING" { continue }
            merge(result, now: now)
        }
    }

    /// A value that says nothing we can read says at least that the task is not lost.
    private mutating func noteUnreadable(_ place: Int32, _ text: String?, now: Double) {
        let text = Bounded.text(text, 64) ?? "<unknown>"
        tasks.slots[place].touched = now
        let isNews =
            tasks.slots[place].extra?.unreadable != text
            || tasks.slots[place].extra?.lostEvidence != nil
        guard isNews || tasks.slots[place].flags.contains(.stale) else { return }
        let before = tasks.slots[place].share()
        tasks.slots[place].withExtra { extra in
            extra.unreadable = text
            extra.lostEvidence = nil
        }
        tasks.slots[place].flags.remove(.stale)
        settle(place, before: before, now: now, measured: true)
    }

    private mutating func merge(_ result: TaskResult, now: Double) {
        let place = taskPlace(result.id, now: now)
        let before = tasks.slots[place].share()
        let code = states.code(Bounded.cut(result.status, 64))
        let isNews =
            code.isCustom
            ? progress(place, code, result, now: now) : word(place, code, result, now: now)
        tellName(place, result.name, isBest: false, now: now)
        if tasks.slots[place].args == nil {
            tasks.slots[place].args = Bounded.text(result.args, limits.textBytes)
        }
        if tasks.slots[place].kwargs == nil {
            tasks.slots[place].kwargs = Bounded.text(result.kwargs, limits.textBytes)
        }
        tellFamily(place, parent: result.parentID, root: nil, isBest: false)
        if let queue = result.queue { tellQueue(place, queue, inferred: false, now: now) }
        if let name = result.hostname ?? result.worker, tasks.slots[place].host == 0 {
            let worker = workers.find(Bounded.id(name, limits.nameBytes)) ?? -1
            tasks.slots[place].worker = Bounded.text(name, limits.nameBytes)
            tasks.slots[place].workerIndex = worker
        }
        tellRare(place, result)
        // A STARTED or PROGRESS that still lies there from a dead worker is no sign of life.
        if isNews || code.isFinished {
            tasks.slots[place].touched = now
            tasks.slots[place].flags.remove(.stale)
        }
        settle(place, before: before, now: now, measured: true)
    }

    /// - Returns: whether it says something new.
    private mutating func word(
        _ place: Int32, _ code: StateCode, _ result: TaskResult, now: Double
    ) -> Bool {
        let text = Bounded.text(result.text, limits.textBytes)
        return tasks.slots[place].withExtra { extra in
            if let known = extra.backend {
                // A final word is not taken back by an older one that was still under way.
                if known.code.isFinished, !code.isFinished { return false }
                if known.code == code, known.text == text, !code.isFinished { return false }
            }
            extra.backend = BackendWord(
                code: code, done: result.dateDone ?? .nan, learned: now, text: text)
            extra.lostEvidence = nil
            return true
        }
    }

    /// A custom state counts from when it was first heard; reading it again changes nothing.
    ///
    /// - Returns: whether it is new.
    private mutating func progress(
        _ place: Int32, _ code: StateCode, _ result: TaskResult, now: Double
    ) -> Bool {
        let text = Bounded.text(result.progress ?? result.text, limits.textBytes)
        let slot = tasks.slots[place]
        if !slot.custom.isNaN, slot.customCode == code, slot.extra?.progress == text {
            return false
        }
        let fact = TaskFact(time: now, kind: .custom, code: code)
        guard tasks.slots[place].merge(fact, offsets: offsets, limit: limits.factsPerTask) else {
            return false
        }
        tasks.slots[place].withExtra { extra in
            extra.progress = text
            extra.lostEvidence = nil
        }
        return true
    }

    private mutating func tellRare(_ place: Int32, _ result: TaskResult) {
        let group = Bounded.text(result.groupID, limits.idBytes)
        let children = result.children.prefix(limits.childrenListed).map {
            Bounded.id($0, limits.idBytes)
        }
        let traceback = Bounded.text(result.traceback, limits.tracebackBytes)
        guard group != nil || !children.isEmpty || traceback != nil else { return }
        tasks.slots[place].withExtra { extra in
            if let group { extra.groupID = group }
            if !children.isEmpty { extra.toldChildren = children }
            if extra.traceback == nil { extra.traceback = traceback }
        }
    }
}
