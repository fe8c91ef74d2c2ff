internal import Ports

/// Follows one command from its acceptance to its end: decides, from facts, what is proven.
///
/// A value without I/O or clock. Facts come from the broker's answers, the workers' replies, events
/// and the result backend; each may come late, twice or never.
struct CommandTracker: Sendable {
    /// Something that was seen.
    enum Fact: Sendable, Equatable {
        /// Redis has taken the message or broadcast; `receivers` is what `PUBLISH` answered.
        case taken(String, receivers: Int?)
        /// Redis has done it all (purge).
        case done(String)
        /// Redis has done all that could be done, which is less than what was asked for.
        case doneInPart(String, reason: String)
        /// A precondition of the client did not hold: nothing was done.
        case declined(String)
        /// It could not be sent, and certainly had no effect.
        case notSent(String)
        /// It may or may not have been sent (the connection broke while we waited).
        case lostInTransit(String)
        /// A worker answered `ok`.
        case agreed(worker: String, text: String)
        /// A worker answered an error.
        case refused(worker: String, text: String)
        /// A worker answered `ok`, which proves nothing; no later answer will tell more.
        case undecided(worker: String, text: String)
        /// A worker was not told, because it is known to be unable.
        case unable(worker: String, reason: String, fix: String?)
        /// Something that people should know; it proves nothing.
        case noted(String)
        /// A worker did what was asked, as seen from the outside.
        case effect(worker: String, text: String)
        /// A task reached a state; `worker` is who said so, if known.
        case task(id: String, state: String, worker: String?)
        /// The result backend has a state of a task that is to be revoked.
        case recorded(id: String, state: String)
        /// A worker has such a task in a way in which it may still run.
        case held(id: String, worker: String, how: String)
        /// Every worker that could take such a task throws it away, and none has it; why so, in words.
        case flagged(id: String, text: String)
        /// Nothing was, or needed to be, done about a task: it had ended, or cannot be run again.
        case skipped(id: String, reason: String)
        /// Nothing more was seen until the deadline; `hint` says what is known about why.
        case deadline(hint: String?)

        /// Whether it can only be known of a command that was sent.
        var tellsOfSending: Bool {
            switch self {
            case .taken, .done, .doneInPart, .agreed, .refused, .undecided, .effect: true
            case .declined, .notSent, .lostInTransit, .unable, .noted, .task, .recorded, .held,
                .flagged, .skipped, .deadline:
                false
            }
        }
    }

    /// What is asked for.
    private(set) var spec: CommandSpec
    /// Where it stands.
    var state: CommandStage = .accepted
    /// Sentences, oldest first.
    private(set) var evidence: [String] = []
    /// Why it was rejected, failed or is unknown.
    var reason: String?
    /// The setting that would make it work.
    private(set) var fix: String?
    /// Targets (worker names, or task ids) without proof yet.
    var open: Set<String>
    /// Workers that were asked and have not answered.
    private(set) var silent: Set<String>

    var proven: Set<String> = []
    var refusals: [String: String] = [:]
    /// Workers whose answer proves nothing -> why.
    private var undecided: [String: String] = [:]
    /// Tasks that had ended, or cannot be run again -> why.
    var skipped: [String: String] = [:]
    /// Whether the deadline ended it before every part was proven: what comes later still counts.
    var isOverdue = false
    /// Tasks that the result backend has as REVOKED, which is no proof by itself.
    var recorded: Set<String> = []
    /// Tasks whose only proof is that no worker has them and all know of the revocation.
    var flagged: Set<String> = []
    /// Tasks that may still run -> who has them and how.
    var held: [String: String] = [:]
    /// Tasks that ran when the command came, or began afterwards: whatever end they tell, it came after.
    var running: Set<String> = []
    private var dropped = 0
    private var targetCount: Int

    /// Starts to follow a command.
    ///
    /// - Parameters:
    ///   - spec: what is asked for.
    ///   - workers: who is to do it, or is asked.
    init(_ spec: CommandSpec, workers: [String] = []) {
        self.spec = spec
        open = Set(spec.command.proof.isByWorker ? workers : spec.action.taskIDs)
        silent = Set(workers)
        targetCount = max(1, open.count)
    }

    /// Goes on following a command of an earlier run of the gateway: it is unknown, and what is seen of
    /// its tasks still proves it.
    ///
    /// - Parameter count: how many targets it had, if some of them are not known any more.
    init(resuming spec: CommandSpec, evidence: [String], reason: String?, count: Int? = nil) {
        self.spec = spec
        open = Set(spec.action.taskIDs)
        silent = []
        targetCount = max(1, open.count, count ?? 0)
        state = .unknown
        isOverdue = true
        self.evidence = evidence
        self.reason = reason
    }

    /// Goes on following a command for workers of an earlier run of the gateway.
    init(
        resuming spec: CommandSpec, _ remains: CommandRemains, evidence: [String], reason: String?,
        silent: [String]
    ) {
        self.spec = spec
        proven = Set(remains.proven)
        refusals = remains.refusals
        open = Set(remains.workers).subtracting(proven).subtracting(refusals.keys)
        self.silent = Set(silent).intersection(remains.workers)
        targetCount = max(1, remains.workers.count)
        state = .unknown
        isOverdue = true
        self.evidence = evidence
        self.reason = reason
    }

    /// Takes up a revoke that an earlier run of the gateway has confirmed: should one of its tasks run all
    /// the same, that is put right.
    ///
    /// - Parameter flagged: tasks whose end no worker has told.
    init(
        watching spec: CommandSpec, flagged: Set<String>, evidence: [String], count: Int
    ) {
        self.spec = spec
        open = []
        silent = []
        proven = Set(spec.action.taskIDs)
        self.flagged = flagged
        targetCount = max(1, count)
        state = .confirmed
        self.evidence = evidence
    }

    /// Points a command, of which nothing is sent yet, at what a look has found.
    ///
    /// - Parameters:
    ///   - spec: what is asked for, with nothing left to look up.
    ///   - workers: who is to do it, or is asked.
    /// - Returns: false if it is about these already.
    mutating func aim(at spec: CommandSpec, workers: [String]) -> Bool {
        let targets = Set(spec.command.proof.isByWorker ? workers : spec.action.taskIDs)
        guard targets != open || silent != Set(workers) || spec.action != self.spec.action else {
            return false
        }
        self.spec = spec
        open = targets
        silent = Set(workers)
        targetCount = max(1, targets.count)
        return true
    }

    /// Takes a fact into account.
    ///
    /// - Returns: whether anything visible changed.
    mutating func learn(_ fact: Fact) -> Bool {
        let before = (state, evidence.count, reason, silent, dropped)
        let opened = open.count
        switch fact {
        case .taken(let text, let receivers):
            note(text)
            if state == .accepted { state = .sent }
            if receivers == 0, isKept {
                note("no worker listens now; those that appear will be told")
            } else if receivers == 0 {
                end(.failed, "no worker listens to remote control on this broker")
            }
        case .done(let text):
            note(text)
            end(.confirmed, nil)
        case .doneInPart(let text, let reason):
            note(text)
            end(.partial, reason)
        case .declined(let text):
            end(.rejected, text)
        case .notSent(let text):
            end(.failed, text)
        case .lostInTransit(let text):
            note(text)
            end(.unknown, text)
        case .agreed(let worker, let text):
            silent.remove(worker)
            note("\(worker): \(text)")
            if spec.command.proof == .answer { prove(worker) }
        case .refused(let worker, let text):
            silent.remove(worker)
            learnRefusal(worker, text)
        case .undecided(let worker, let text):
            silent.remove(worker)
            note("\(worker): \(text)")
            undecided[worker] = text
            settle()
        case .unable(let worker, let reason, let fix):
            silent.remove(worker)
            self.fix = self.fix ?? fix
            note("\(worker) cannot: \(reason)")
            refuse(worker, reason)
        case .noted(let text): note(text)
        case .effect(let worker, let text):
            silent.remove(worker)
            note("\(worker): \(text)")
            prove(worker)
        case .skipped(let id, let reason):
            guard open.remove(id) != nil else { return false }
            refusals[id] = reason
            skipped[id] = reason
            settle()
        case .task(let id, let taskState, let worker):
            learnTask(id, taskState, worker)
        case .recorded(let id, let taskState): learnRecorded(id, taskState)
        case .held(let id, let worker, let how): learnHeld(id, worker, how)
        case .flagged(let id, let text): learnFlagged(id, text)
        case .deadline(let hint):
            learnDeadline(hint)
        }
        return before != (state, evidence.count, reason, silent, dropped) || open.count != opened
    }

    /// What became of the parts of a command for many.
    struct Counts: Equatable {
        var total: Int
        var done: Int
        var refused: Int
    }

    /// How far a command for many has come; `nil` for others.
    var counts: Counts? {
        guard spec.action.isBulk else { return nil }
        return Counts(total: targetCount, done: proven.count, refused: skipped.count)
    }

    /// What became of one task of a command for many: `done`, `refused` with the reason, `open`, or
    /// `unknown`.
    func outcome(of target: String) -> (state: String, reason: String?) {
        if proven.contains(target) { return ("done", nil) }
        if let reason = skipped[target] { return ("refused", reason) }
        return (state.isOpen ? "open" : "unknown", nil)
    }

    // MARK: - Facts

    private mutating func learnRefusal(_ worker: String, _ text: String) {
        note("\(worker) refused: \(text)")
        guard open.contains(worker) || isBroadcast else { return }
        if fix == nil { fix = CommandNeed.fix(for: text, needs: spec.needs) }
        refuse(worker, text)
    }

    private mutating func refuse(_ worker: String, _ text: String) {
        refusals[worker] = text
        guard !isBroadcast else { return }
        open.remove(worker)
        settle()
    }

    private mutating func learnTask(_ id: String, _ taskState: String, _ worker: String?) {
        let who = worker.map { " on \($0)" } ?? ""
        switch spec.command.proof {
        case .taskSeen:
            // That it was published is known from the broker.
            guard open.contains(id) || state == .unknown, taskState != "PENDING" else { return }
            if !spec.action.isBulk {
                note(
                    targetCount == 1 ? "task \(taskState)\(who)" : "task \(id): \(taskState)\(who)")
            }
            prove(id)
        case .tasksRevoked: learnRevoked(id, taskState, who)
        case .broker, .answer, .observed: break
        }
    }

    private mutating func learnDeadline(_ hint: String?) {
        guard state.isOpen else { return }
        let waited = spec.command.proof.waitedFor
        let text = hint.map { "\(waited): \($0)" } ?? waited
        isOverdue = true
        if evidence.isEmpty { note("nothing was answered or seen until the deadline") }
        end(proven.isEmpty ? .unknown : .partial, text)
    }

    // MARK: - Deciding

    /// Whether workers only flag what they are told, so that an answer proves nothing.
    private var isBroadcast: Bool { spec.command.proof == .tasksRevoked }

    /// Whether workers that appear later are told as well.
    var isKept: Bool {
        switch spec.action {
        case .revoke, .pause, .resume: true
        case .revokeStamped(let spec): spec.keep > 0
        default: false
        }
    }

    mutating func prove(_ target: String) {
        guard open.remove(target) != nil || !proven.contains(target) else { return }
        proven.insert(target)
        settle()
    }

    mutating func settle() {
        guard open.isEmpty else {
            settleUndecided()
            return
        }
        let isPartOnly = !spec.action.taskIDs.isEmpty && proven.count < targetCount
        if proven.count == targetCount || refusals.isEmpty && !isPartOnly {
            end(.confirmed, nil)
        } else if proven.isEmpty {
            end(.rejected, refusals.sorted { $0.key < $1.key }.first?.value)
        } else {
            end(.partial, "\(proven.count) of \(targetCount) done")
        }
    }

    /// Ends it if nothing more can come from the workers that are left.
    private mutating func settleUndecided() {
        guard let first = open.min(), open.allSatisfy({ undecided[$0] != nil }) else { return }
        isOverdue = true
        end(proven.isEmpty ? .unknown : .partial, undecided[first])
    }

    private mutating func end(_ state: CommandStage, _ reason: String?) {
        // Late proof may lift an `unknown`; nothing else changes an end.
        guard self.state.isOpen || self.state == .unknown || self.state == .partial else { return }
        self.state = state
        self.reason = reason
        if spec.action.isBulk { note(summary) }
    }

    /// What became of all tasks of a command for many, in one sentence.
    private var summary: String {
        var parts = ["\(proven.count) of \(targetCount) tasks done"]
        let reasons = Dictionary(grouping: skipped.values) { $0 }.mapValues(\.count)
        parts += reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map {
            "\($0.value): \($0.key)"
        }
        if !open.isEmpty { parts.append("\(open.count) without proof") }
        return parts.joined(separator: "; ")
    }

    mutating func note(_ text: String) {
        let sentence = String(text.prefix(CommandLimits.evidenceLength))
        guard !evidence.contains(sentence) else { return }
        guard evidence.count < CommandLimits.evidence else {
            dropped += 1
            evidence[evidence.count - 1] = "and \(dropped + 1) more"
            return
        }
        evidence.append(sentence)
    }
}
