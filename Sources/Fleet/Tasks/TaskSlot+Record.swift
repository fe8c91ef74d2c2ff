/// Makes the record of a slot.
///
/// Nothing here changes anything; `mutating` makes the caller reach the slot in place. A slot of an array that
/// is asked otherwise is copied first, with all its strings (measured: 4 % of what an event costs).
extension TaskSlot {
    /// What a record takes from beside its slot.
    struct RecordContext {
        let offsets: ClockOffsets
        let states: StateNames
        /// Why events may have been lost last.
        let gap: String?
    }

    /// The record, without children and attempts.
    mutating func record(in context: RecordContext) -> TaskRecord {
        let extra = extra
        let offset = context.offsets[host] ?? 0
        let isPlain = flags.contains(.plainRoute)
        var deliveries = Int(redelivered)
        if extra?.toldRedelivered == true { deliveries = max(deliveries, 1) }
        return TaskRecord(
            id: id, name: name ?? Self.unregisteredName(text), state: context.states.state(state),
            worker: worker, pid: shownPID, queue: queue,
            exchange: isPlain ? "" : extra?.exchange,
            routingKey: isPlain ? queue : extra?.routingKey,
            priority: priority < 0 ? nil : Int(priority), sent: sent.known,
            received: received.known.map { $0 - offset },
            started: started.known.map { $0 - offset },
            finished: ended.known.map { $0 - offset } ?? finishTold, seen: seen,
            wait: shownWait,
            runtime: state.isFinished || state == .retry ? shownRuntime : nil,
            retries: Int(retries), eta: extra?.eta, expires: extra?.expires, args: args,
            kwargs: kwargs, result: shownResult, exception: shownException,
            traceback: extra?.traceback, progress: extra?.progress, parentID: parentID,
            rootID: rootID, groupID: extra?.groupID, redelivered: deliveries,
            redeliverAt: extra?.redeliverAt.known,
            terminated: endFlags.contains(.terminated), signum: extra?.signum,
            stale: flags.contains(.stale), reason: reason(gap: context.gap),
            children: [], attempts: [])
    }

    private var finishTold: Double? {
        mutating get {
            guard state.isFinished, state != .lost else { return nil }
            return extra?.backend?.done.known
        }
    }

    private var shownPID: Int? {
        mutating get {
            if let pool = extra?.poolPID, pool != 0 { return Int(pool) }
            return pid == 0 ? nil : Int(pid)
        }
    }

    private var shownResult: String? {
        mutating get {
            guard state == .success else { return nil }
            return text
                ?? (extra?.backend?.code == .success ? extra?.backend?.text : nil)
                ?? extra?.unreadable
        }
    }

    /// The exception of an event, unless it only says that there was one (hard time limit).
    private var shownException: String? {
        mutating get {
            guard state == .failure || state == .retry || state == .revoked else { return nil }
            let told = extra?.backend.flatMap { $0.code == .failure ? $0.text : nil }
            guard let text, !text.hasPrefix("ExceptionWithTraceback()") else {
                return told ?? text
            }
            return text
        }
    }

    /// `NotRegistered('x')` is all that tells the name of an unregistered task.
    static func unregisteredName(_ text: String?) -> String? {
        guard let text, text.hasPrefix("NotRegistered('"), text.hasSuffix("')") else {
            return nil
        }
        return String(text.dropFirst(15).dropLast(2))
    }

    /// Why a record is in its state, where that is not plain.
    private mutating func reason(gap: String?) -> String? {
        if state == .lost { return extra?.lostEvidence }
        if flags.contains(.stale) {
            return "Not confirmed since events may have been lost: \(gap ?? "a gap")."
        }
        if flags.contains(.toldRevoked), let revocation { return revocation }
        if hasExtra, let text = extra?.unreadable, !state.isFinished {
            return "The result backend has a value of it whose state cannot be read: \(text)."
        }
        switch state {
        case .revoked: return reasonOfRevocation
        case .rejected:
            return endFlags.contains(.requeue)
                ? "Rejected and put back into its queue." : "Rejected and thrown away."
        case .cancelled: return "Cancelled when its worker shut down or lost the broker."
        case .received:
            return hasExtra && extra?.eta != nil ? "Held by its worker until its eta." : nil
        case .success, .failure:
            return end == .none
                ? "The result backend says so; its last event was not seen." : nil
        default: return nil
        }
    }

    private var reasonOfRevocation: String? {
        mutating get {
            if end != .revoked {
                return "The result backend says so; no worker has confirmed it."
            }
            if endFlags.contains(.expired) { return "It expired before it could start." }
            guard endFlags.contains(.terminated) else { return nil }
            return extra?.signum.map { "Terminated while it ran (signal \($0))." }
                ?? "Terminated while it ran."
        }
    }

    /// What it means for a task that waits that a worker has told it to be revoked.
    private var revocation: String? {
        mutating get {
            switch state {
            case .received:
                return extra?.eta == nil
                    ? "Revoked: its worker drops it when its turn comes."
                    : "Revoked, waiting for its time: its worker drops it then."
            case .pending, .retry: return "Revoked: the worker that takes it drops it."
            case .revoked where end != .revoked:
                return "Revoked, as its worker confirms; it is dropped when its time comes."
            default: return nil
            }
        }
    }
}
