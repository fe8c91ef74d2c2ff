internal import Ports

/// What proves that a task was revoked.
///
/// A worker's event `task-revoked` does. REVOKED in the result backend does not: since Celery 5.6 each
/// worker that does not run a task writes it there when the command comes, also while another runs it
/// (`_revoke` in celery/worker/control.py). It counts once every worker knows of the revocation and none
/// has the task: then whoever meets it throws it away. Should the task run all the same, that proof is
/// taken back.
extension CommandTracker {
    /// An event about a task that is to be revoked.
    mutating func learnRevoked(_ id: String, _ taskState: String, _ who: String) {
        switch taskState {
        case "REVOKED":
            // The better proof is told as well.
            guard flagged.remove(id) != nil || open.contains(id) else { return }
            note(id, "REVOKED\(who)")
            prove(id)
        case "SUCCESS", "FAILURE": learnEnd(id, taskState, who)
        case "STARTED":
            running.insert(id)
            learnStart(id, who)
        default:
            guard open.contains(id) else { return }
            note(id, "\(taskState)\(who)")
        }
    }

    mutating func learnRecorded(_ id: String, _ taskState: String) {
        switch taskState {
        case "REVOKED":
            guard open.contains(id), recorded.insert(id).inserted else { return }
            note(id, "REVOKED in the result backend")
        case "SUCCESS", "FAILURE": learnEnd(id, taskState, "")
        default:
            // A state that cannot be read is empty.
            guard open.contains(id), !taskState.isEmpty else { return }
            note(id, "\(taskState) in the result backend")
        }
    }

    mutating func learnHeld(_ id: String, _ worker: String, _ how: String) {
        guard open.contains(id) else { return }
        held[id] = "\(worker) \(how)"
        note(id, "\(worker) \(how)")
    }

    mutating func learnFlagged(_ id: String, _ text: String) {
        guard open.contains(id), recorded.contains(id) else { return }
        note(id, text)
        held[id] = nil
        flagged.insert(id)
        prove(id)
    }

    /// Tasks without proof that the result backend has as REVOKED.
    var recordedOnly: [String] { recorded.intersection(open).sorted() }

    /// Who has tasks that may still run, in words; `nil` if nobody is known to.
    var heldText: String? {
        let told = held.filter { open.contains($0.key) }.sorted { $0.key < $1.key }
        guard let first = told.first else { return nil }
        guard told.count > 1 else { return first.value }
        return "\(first.value), and \(told.count - 1) more are held"
    }

    /// It came to an end of its own: it was not revoked, whatever spoke for that before.
    private mutating func learnEnd(_ id: String, _ taskState: String, _ who: String) {
        let isProven = proven.contains(id)
        // Of a task that was ended by force, Celery may tell a failure besides.
        guard open.contains(id) || isProven && (taskState == "SUCCESS" || flagged.contains(id))
        else { return }
        note(id, "\(taskState)\(who)")
        let wentOn = isProven || isOverdue || held[id] != nil || running.contains(id)
        let text = "the task \(wentOn ? "went on to its end" : "had ended already"): \(taskState)"
        if isProven { takeBack(id) }
        open.remove(id)
        refusals[id] = text
        skipped[id] = text
        settle()
    }

    /// It runs although no worker had it.
    private mutating func learnStart(_ id: String, _ who: String) {
        if flagged.contains(id) {
            takeBack(id)
            open.insert(id)
            reason = "a task has started after all: \(id)\(who)"
        }
        guard open.contains(id) else { return }
        note(id, "STARTED\(who)")
    }

    private mutating func takeBack(_ id: String) {
        proven.remove(id)
        flagged.remove(id)
        // The row had its end: what is true is now found out late.
        guard !state.isOpen else { return }
        state = .unknown
        isOverdue = true
    }

    private mutating func note(_ id: String, _ text: String) {
        if !spec.action.isBulk { note("task \(id): \(text)") }
    }
}
