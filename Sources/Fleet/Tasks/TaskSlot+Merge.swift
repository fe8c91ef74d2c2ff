/// Worker clocks that are wrong: host hash → worker clock minus ours, seconds; usually empty.
typealias ClockOffsets = [UInt32: Double]

extension TaskSlot {
    /// How far two clock readings of one process may be out of order and still be one attempt.
    static var slack: Double { 1 }

    /// Adds a fact.
    ///
    /// - Returns: whether anything is new.
    mutating func merge(_ fact: TaskFact, offsets: ClockOffsets, limit: Int) -> Bool {
        if isSimple {
            switch fill(fact) {
            case .filled: return true
            case .repeated: return false
            case .conflict:
                for known in simpleFacts() {
                    insertInOrder(known, at: known.time - (offsets[known.host] ?? 0), offsets)
                }
            }
        }
        return insert(fact, offsets: offsets, limit: limit)
    }

    private enum Filling {
        case filled, repeated, conflict
    }

    /// Puts the fact into its field, if the task stays simple.
    private mutating func fill(_ fact: TaskFact) -> Filling {
        if fact.kind == .sent { return fillSent(fact) }
        if fact.kind == .custom { return fillCustom(fact) }
        if host != 0, fact.host != host { return .conflict }
        if pid != 0, fact.pid != 0, fact.pid != pid { return .conflict }
        switch fact.kind {
        case .received:
            if !received.isNaN, !flags.contains(.softReceived) {
                return fact.time == received && fact.retries == retries ? .repeated : .conflict
            }
            guard sent.isNaN || fact.retries == retries else { return .conflict }
            if fact.flags.contains(.soft) {
                guard received.isNaN else { return .repeated }
            } else if precedesReceipt(fact.time) {
                return .conflict
            }
            received = fact.time
            retries = fact.retries
            setFlag(.softReceived, fact.flags.contains(.soft))
            counts.received = 1
        case .started:
            if !started.isNaN, !flags.contains(.softStarted) {
                return fact.time == started ? .repeated : .conflict
            }
            if fact.flags.contains(.soft) {
                guard started.isNaN, end == .none else { return .repeated }
            } else if fact.time > ended + Self.slack || hardReceived > fact.time + Self.slack {
                return .conflict
            }
            started = fact.time
            setFlag(.softStarted, fact.flags.contains(.soft))
            counts.started = 1
        default:
            if end != .none {
                return fact.kind == end && fact.time == ended ? .repeated : .conflict
            }
            if hardReceived > fact.time + Self.slack { return .conflict }
            if !flags.contains(.softStarted), started > fact.time + Self.slack { return .conflict }
            ended = fact.time
            end = fact.kind
            endFlags = fact.flags
            text = fact.text
            runtime = fact.runtime
            counts.count(end: fact.kind)
        }
        host = fact.host
        if fact.pid != 0 { pid = fact.pid }
        return .filled
    }

    private var hardReceived: Double { flags.contains(.softReceived) ? .nan : received }

    /// Whether something that must come later came clearly before `time`.
    private func precedesReceipt(_ time: Double) -> Bool {
        time > ended + Self.slack
            || (!flags.contains(.softStarted) && time > started + Self.slack)
    }

    private mutating func fillSent(_ fact: TaskFact) -> Filling {
        if !sent.isNaN {
            let same = fact.time == sent && fact.host == sentHost && fact.retries == retries
            return same ? .repeated : .conflict
        }
        guard received.isNaN || fact.retries == retries else { return .conflict }
        sent = fact.time
        sentHost = fact.host
        retries = fact.retries
        return .filled
    }

    /// Only the newest custom fact is kept, so repetition and order cannot matter.
    private mutating func fillCustom(_ fact: TaskFact) -> Filling {
        guard custom.isNaN || isNewerCustom(fact, than: custom, customCode) else {
            return .repeated
        }
        if host != 0, fact.host != 0, fact.host != host { return .conflict }
        if fact.host != 0 { host = fact.host }
        custom = fact.time
        customCode = fact.code
        return .filled
    }

    func isNewerCustom(_ fact: TaskFact, than time: Double, _ code: StateCode) -> Bool {
        fact.time != time ? fact.time > time : fact.code.rawValue > code.rawValue
    }

    mutating func setFlag(_ flag: Flags, _ on: Bool) {
        if on { flags.insert(flag) } else { flags.remove(flag) }
    }

    /// The facts of a simple task, in the order in which they should have happened.
    func simpleFacts() -> [TaskFact] {
        var facts: [TaskFact] = []
        if !sent.isNaN {
            facts.append(TaskFact(time: sent, host: sentHost, retries: retries, kind: .sent))
        }
        if !received.isNaN {
            facts.append(
                TaskFact(
                    time: received, host: host, pid: pid, retries: retries, kind: .received,
                    flags: flags.contains(.softReceived) ? .soft : []))
        }
        if !started.isNaN {
            facts.append(
                TaskFact(
                    time: started, host: host, pid: pid, kind: .started,
                    flags: flags.contains(.softStarted) ? .soft : []))
        }
        if !custom.isNaN {
            facts.append(TaskFact(time: custom, host: host, kind: .custom, code: customCode))
        }
        if end != .none {
            facts.append(
                TaskFact(
                    time: ended, runtime: runtime, text: text, host: host, pid: pid, kind: end,
                    flags: endFlags))
        }
        return facts
    }

    /// Adds to the history and derives the fields anew.
    private mutating func insert(_ fact: TaskFact, offsets: ClockOffsets, limit: Int) -> Bool {
        let time = fact.time - (offsets[fact.host] ?? 0)
        if let extra, time <= extra.folded.until { return false }
        for index in history.indices.reversed() {
            let old = history[index]
            if fact.kind == .custom, old.kind == .custom {
                guard isNewerCustom(fact, than: old.time, old.code) else { return false }
                history.remove(at: index)
                break
            }
            if old.repeats(fact) { return false }
            if old.kind == fact.kind, old.host == fact.host, old.flags != fact.flags,
                old.flags.contains(.soft) || fact.flags.contains(.soft)
            {
                // A deduced fact and the event behind it: the event counts.
                if fact.flags.contains(.soft) { return false }
                history.remove(at: index)
                break
            }
        }
        insertInOrder(fact, at: time, offsets)
        var walk = AttemptWalk(history, offsets: offsets)
        if history.count > max(limit, 8) {
            fold(walk, offsets: offsets)
            walk = AttemptWalk(history, offsets: offsets)
        }
        adopt(walk)
        return true
    }

    private mutating func insertInOrder(_ fact: TaskFact, at time: Double, _ offsets: ClockOffsets)
    {
        var place = history.count
        while place > 0 {
            let old = history[place - 1]
            let oldTime = old.time - (offsets[old.host] ?? 0)
            if TaskFact.precedes(old, at: oldTime, fact, at: time) { break }
            place -= 1
        }
        history.insert(fact, at: place)
    }

    /// Forgets the older half of the facts, keeping what they add up to.
    private mutating func fold(_ walk: AttemptWalk, offsets: ClockOffsets) {
        let all = walk.counts
        let deliveries = walk.deliveries
        // Whole deliveries: what follows must begin with a receipt.
        let half = history.count / 2
        let cut = history[half...].firstIndex { $0.kind == .received } ?? half
        let last = history[cut - 1]
        history.removeFirst(cut)
        let rest = AttemptWalk(history, offsets: offsets)
        withExtra { extra in
            extra.folded.until = last.time - (offsets[last.host] ?? 0)
            extra.folded.deliveries += max(deliveries - rest.deliveries, 0)
            extra.folded.counts.add(all.minus(rest.counts))
        }
    }

    private mutating func adopt(_ walk: AttemptWalk) {
        guard let current = walk.current else { return }
        retries = UInt16(clamping: max(current.retries, 0))
        sent = current.sent
        received = current.received
        setFlag(.softReceived, current.isReceiptDeduced)
        started = current.started
        ended = current.ended
        runtime = current.runtime
        text = current.text
        end = current.end
        endFlags = current.endFlags
        if current.host != 0 { host = current.host }
        pid = current.pid
        custom = current.custom
        customCode = current.customCode
        counts = walk.counts
        var extraDeliveries = walk.redelivered
        if let folded = extra?.folded {
            counts.add(folded.counts)
            extraDeliveries += folded.deliveries
        }
        redelivered = UInt16(clamping: extraDeliveries)
    }
}

extension FactCounts {
    /// What is in `self` beyond `other`, never negative.
    func minus(_ other: FactCounts) -> FactCounts {
        FactCounts(
            received: received - min(received, other.received),
            started: started - min(started, other.started),
            succeeded: succeeded - min(succeeded, other.succeeded),
            failed: failed - min(failed, other.failed),
            retried: retried - min(retried, other.retried),
            revoked: revoked - min(revoked, other.revoked),
            rejected: rejected - min(rejected, other.rejected))
    }
}
