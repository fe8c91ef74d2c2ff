internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

/// Asks the workers what they do, and the backend what became of open tasks: at the start, after each
/// gap, when a worker appears, and now and then.
@LoopActor
final class Inspector {
    /// What is asked in a whole round, in this order: which tasks hide their events counts for what
    /// `stats` tells.
    private static let round: [ControlMethod] = [
        .registered, .stats, .activeQueues, .active(safe: true), .reserved(safe: true),
        .scheduled(safe: true), .revoked, .conf,
    ]
    /// What is asked now and then.
    private static let refresh: [ControlMethod] = [
        .stats, .activeQueues, .active(safe: true), .reserved(safe: true), .scheduled(safe: true),
    ]
    /// How long answers are waited for.
    static let patience: Duration = .milliseconds(1_500)
    /// Open tasks whose result is asked for after a refresh; a round asks for all of them.
    static let resultLimit = 10_000
    /// How often a worker that has just appeared is asked, until it has answered everything.
    private static let newcomerQuestions = 4
    /// Workers named in one question of a refresh.
    static let askedAtOnce = 100

    let control: ControlDesk
    let feed: Feed
    let results: any BrokerCommands
    let settings: CelerySettings
    let clock: GatewayClock
    let cost: CostKeeper
    let log: Logger
    /// Called after answers were applied.
    private let onLearned: @LoopActor () -> Void
    private var newcomers: Set<String> = []
    private var newcomerTimer: LoopTimer?
    private var isReconciling = false
    private var mustRepeat = false
    /// Begin of the newest refresh, and the workers that told then what they hold.
    private var lastRefresh: (startedAt: Double, answered: Set<String>)?
    private var doubtTurn = DoubtTurn(limit: Inspector.resultLimit)

    /// Whether a whole round has ended since the last gap.
    private(set) var isReconciled = false

    init(
        control: ControlDesk, feed: Feed, results: any BrokerCommands, settings: CelerySettings,
        clock: GatewayClock, cost: CostKeeper, log: Logger,
        onLearned: @escaping @LoopActor () -> Void
    ) {
        self.control = control
        self.feed = feed
        self.results = results
        self.settings = settings
        self.clock = clock
        self.cost = cost
        self.log = log
        self.onLearned = onLearned
    }

    /// Notes that what is known may be wrong from now on.
    func invalidate() {
        isReconciled = false
        lastRefresh = nil
    }

    /// Asks everybody everything, then the backend about what is still open. One round at a time; a
    /// wish that comes during a round leads to one more.
    ///
    /// - Parameter first: done at the begin of each round.
    /// - Returns: false if it was put off, because we have cost the broker enough for now.
    func reconcile(first: () async -> Void = {}) async -> Bool {
        guard !isReconciling else {
            mustRepeat = true
            return true
        }
        guard cost.mayAsk(Self.round.count + 1, workers: liveWorkers.count) else { return false }
        isReconciling = true
        defer { isReconciling = false }
        repeat {
            mustRepeat = false
            // Before lengths of queues are read: they count as part of the round. And they are read
            // before workers are asked: what left a queue after that was with a worker.
            let startedAt = clock.now()
            await first()
            isReconciled = await performRound(startedAt: startedAt)
            onLearned()
        } while mustRepeat
        return true
    }

    /// Asks for the figures that no event tells. Nothing happens if we have cost the broker enough
    /// for now: the next time will do.
    func refreshFigures() async {
        guard !isReconciling else { return }
        let workers = liveWorkers
        guard !workers.isEmpty else { return await hearVoices() }
        let chunks = workers.chunks(of: Self.askedAtOnce)
        guard
            cost.mayAsk(Self.refresh.count, workers: workers.count + chunks.count - 1)
        else { return }
        let startedAt = clock.now()
        let asked = chunks.map { chunk in
            Task { @LoopActor in await askAll(Self.refresh, of: chunk, expecting: chunk) }
        }
        var outcomes: [(method: ControlMethod, outcome: Outcome)] = Self.refresh.map {
            ($0, Outcome(listeners: 0))
        }
        for chunk in asked {
            for (index, part) in await chunk.value.enumerated() {
                outcomes[index].outcome.add(part.outcome)
            }
        }
        noteSilence(outcomes)
        await hearVoices(after: outcomes)
        await settleDoubts(holders(outcomes), startedAt: startedAt)
        askStrangers(among: outcomes)
        onLearned()
    }

    /// Asks everything of those who answer, but did not when they were asked what they are: their hosts
    /// were too busy then.
    private func askStrangers(among outcomes: [(method: ControlMethod, outcome: Outcome)]) {
        for name in outcomes.last?.outcome.answered.sorted() ?? []
        where feed.fleet.worker(name)?.settings.isEmpty == true {
            workerAppeared(name)
        }
    }

    /// Asks a worker that has just appeared; several within a moment are asked together.
    func workerAppeared(_ name: String) {
        newcomers.insert(name)
        guard newcomerTimer == nil else { return }
        // The mailbox may open up to a second after worker-online (wire.md 7.5): ask more than once.
        newcomerTimer = LoopTimer(after: .milliseconds(300)) { [weak self] in
            self?.askNewcomers(times: Self.newcomerQuestions)
        }
    }

    /// - Parameter times: how often at most; who has not answered everything is asked again.
    private func askNewcomers(times: Int) {
        let names = newcomers.sorted()
        newcomerTimer = nil
        guard !names.isEmpty else { return }
        guard cost.mayAsk(Self.round.count, workers: names.count) else {
            newcomerTimer = LoopTimer(after: .seconds(1)) { [weak self] in
                self?.askNewcomers(times: times)
            }
            return
        }
        newcomers = []
        Task { @LoopActor in
            var silent: Set<String> = []
            for (_, outcome) in await askAll(Self.round, of: names, expecting: names) {
                silent.formUnion(outcome.silent)
            }
            onLearned()
            guard times > 1, !silent.isEmpty else { return }
            newcomers.formUnion(silent)
            newcomerTimer = LoopTimer(after: .milliseconds(1_200)) { [weak self] in
                self?.askNewcomers(times: times - 1)
            }
        }
    }

    /// Asks workers one question, and applies what they answer.
    ///
    /// - Parameter patience: how long answers are waited for.
    /// - Returns: what each that answered in time has answered; nothing if it was not sent.
    func answers(
        of workers: [String], to method: ControlMethod, patience: Duration = Inspector.patience
    ) async -> [String: JsonValue] {
        guard !workers.isEmpty else { return [:] }
        let gathered = Gathered()
        let ended = AsyncStream.makeStream(of: Void.self)
        do throws(BrokerError) {
            try await control.ask(
                method, of: workers, expecting: workers, timeout: patience,
                onAnswer: { [weak self] answer in
                    gathered.values[answer.worker] = answer.value
                    self?.apply(answer, to: method)
                },
                onEnd: { _ in ended.continuation.finish() })
        } catch {
            return [:]
        }
        for await _ in ended.stream {}
        onLearned()
        return gathered.values
    }

    /// Finds out who consumes what, of everybody if nobody was asked yet.
    func learnConsumers(unknown: [String]) async {
        guard !isReconciled || !unknown.isEmpty else { return }
        let asked = isReconciled ? unknown : []
        _ = await ask(.activeQueues, of: asked, expecting: asked.isEmpty ? nil : asked)
        onLearned()
    }

    // MARK: - A round

    private func performRound(startedAt: Double) async -> Bool {
        do throws(BrokerError) {
            try await control.tell(.heartbeat)
        } catch {
            log.debug("reconciling: no broker", metadata: ["error": "\(error.message)"])
            return false
        }
        let known = liveWorkers
        let outcomes = await askAll(
            Self.round, of: [], expecting: known.isEmpty ? nil : known)
        noteSilence(outcomes)
        await hearVoices(after: outcomes)
        let complete = holders(outcomes)
        let open = feed.fleet.openTasks(limit: feed.fleet.limits.tasks)
        let withoutResult = await withoutResult(open)
        feed.learn { fleet in
            fleet.reconcile(
                Reconciliation(
                    startedAt: startedAt, answered: complete, withoutResult: withoutResult ?? [],
                    isWhole: withoutResult != nil),
                now: clock.now())
        }
        log.info(
            "reconciled",
            metadata: [
                "workers": "\(complete.count)", "seconds": "\(Int(clock.now() - startedAt))",
            ])
        return withoutResult != nil
    }

    /// Asks several questions at once and applies the answers.
    private func askAll(
        _ methods: [ControlMethod], of destination: [String], expecting expected: [String]?
    ) async -> [(method: ControlMethod, outcome: Outcome)] {
        let asked = methods.map { method in
            (method, Task { @LoopActor in await ask(method, of: destination, expecting: expected) })
        }
        var outcomes: [(method: ControlMethod, outcome: Outcome)] = []
        for (method, task) in asked { outcomes.append((method, await task.value)) }
        return outcomes
    }

    /// Remembers who gave no answer at all; one question is enough to tell.
    private func noteSilence(_ outcomes: [(method: ControlMethod, outcome: Outcome)]) {
        guard let first = outcomes.first else { return }
        let silent = outcomes.dropFirst().reduce(into: Set(first.outcome.silent)) {
            $0.formIntersection($1.outcome.silent)
        }
        let everybodyAnswered = outcomes.contains { $0.outcome.isEveryListenerHeard }
        feed.learn {
            $0.noteSilence(
                of: silent.sorted(), everybodyAnswered: everybodyAnswered, now: clock.now())
        }
    }

    /// The newest question tells whether somebody listens who has not answered by a name of its own.
    private func hearVoices(after outcomes: [(method: ControlMethod, outcome: Outcome)]) async {
        guard let newest = outcomes.last?.outcome else { return }
        await hearVoices(answered: newest.heard, listeners: newest.listeners)
    }

    /// Who answered a question, and who was expected and did not at all.
    private struct Outcome {
        var answered: Set<String> = []
        /// Names that answered, those with a process that did not included.
        var heard = 0
        var silent: [String] = []
        /// Answers that came, and listeners that the broker counted, those not asked included; `nil` if
        /// the question was not sent.
        var answers = 0
        var listeners: Int?

        /// Whether whoever was silent did not even listen. Listeners that never answer (a Celery `beat`)
        /// only make us less sure.
        var isEveryListenerHeard: Bool { listeners.map { answers >= $0 } ?? false }

        mutating func add(_ other: Outcome) {
            answered.formUnion(other.answered)
            heard += other.heard
            silent += other.silent
            answers += other.answers
            listeners =
                if let listeners, let others = other.listeners { max(listeners, others) } else {
                    nil
                }
        }
    }

    /// Asks one question and applies the answers.
    ///
    /// Of a name that several processes share, all must answer before it counts as answered: what one of
    /// them does not have, another one may.
    private func ask(
        _ method: ControlMethod, of destination: [String], expecting expected: [String]?
    ) async -> Outcome {
        let gathered = Gathered()
        var outcome = Outcome()
        do throws(BrokerError) {
            let ended = AsyncStream.makeStream(of: [String].self)
            outcome.listeners = try await control.ask(
                method, of: destination,
                expecting: expected?.flatMap { Array(repeating: $0, count: processes(of: $0)) },
                timeout: Self.patience,
                onAnswer: { [weak self] answer in
                    gathered.counts[answer.worker, default: 0] += 1
                    self?.apply(answer, to: method)
                },
                onEnd: { silent in
                    ended.continuation.yield(silent)
                    ended.continuation.finish()
                })
            for await silent in ended.stream { outcome.silent = silent }
        } catch {
            // Nobody was asked, so nobody was silent.
            log.debug("a question was not sent", metadata: ["error": "\(error.message)"])
        }
        outcome.answered = complete(gathered.counts)
        outcome.heard = gathered.counts.count
        outcome.answers = gathered.counts.values.reduce(0, +)
        return outcome
    }

    /// The workers all of whose processes have answered.
    private func complete(_ counts: [String: Int]) -> Set<String> {
        Set(counts.filter { $0.value >= processes(of: $0.key) }.keys)
    }

    /// How many processes speak for a name.
    private func processes(of worker: String) -> Int {
        feed.fleet.worker(worker)?.duplicates ?? 1
    }

    @LoopActor private final class Gathered {
        /// Answers of each worker.
        var counts: [String: Int] = [:]
        var values: [String: JsonValue] = [:]
    }

    private func apply(_ answer: ControlDesk.Answer, to method: ControlMethod) {
        guard let reply = InspectReply(answer.value, to: method)?.redacted(by: settings.redactor)
        else { return }
        feed.learn { $0.apply(reply, from: answer.worker, receivedAt: clock.now()) }
    }

    private var liveWorkers: [String] {
        feed.fleet.workerNames.filter { feed.fleet.worker($0)?.health != .offline }
    }

    /// Workers that told all they hold: what runs, what waits, and what is held for later.
    private func holders(_ outcomes: [(method: ControlMethod, outcome: Outcome)]) -> Set<String> {
        var answered: [Set<String>] = []
        for (method, outcome) in outcomes {
            switch method {
            case .active, .reserved, .scheduled: answered.append(outcome.answered)
            default: break
            }
        }
        return answered.dropFirst().reduce(answered.first ?? []) { $0.intersection($1) }
    }

    /// After every refresh: whatever no event and no answer has named since the refresh *before* is
    /// looked up in the backend, and lost if that knows nothing either. So a task that moved between
    /// two questions of one refresh is not mistaken for one that is gone.
    ///
    /// This ends tasks whose worker was killed, that raised `Ignore`, or whose last event was lost
    /// without a gap that we know of.
    private func settleDoubts(_ answered: Set<String>, startedAt: Double) async {
        let before = lastRefresh
        lastRefresh = (startedAt, answered)
        guard let before, isReconciled else { return }
        let doubtful = doubtTurn.next {
            feed.fleet.doubtfulTasks(untouchedSince: before.startedAt, skipping: $0, limit: $1)
        }
        guard !doubtful.isEmpty, let without = await withoutResult(doubtful), isReconciled else {
            return
        }
        let round = Reconciliation(
            startedAt: before.startedAt, answered: before.answered.intersection(answered),
            withoutResult: without)
        feed.learn { $0.reconcile(round, now: clock.now()) }
        doubtTurn.end(
            looked: doubtful.count, doubtful: doubtful.count { feed.fleet.isOpen($0) })
    }
}
