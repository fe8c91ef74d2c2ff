internal import EventLoop
internal import Fleet
internal import Logging
internal import Ports
internal import WireFormats

/// Keeps paused queues paused, and gives resumed ones back to their workers: Celery remembers a
/// cancelled consumer only in the memory of the worker that was told.
///
/// What is recorded is asserted when a worker appears, when a round of questions shows that one
/// consumes a paused queue, and by that after each start of the gateway and each gap. Celery's own
/// `hello` between workers would be no earlier sign: `worker-online` always precedes the opening of
/// the mailbox (wire.md 7.5), and listening to the channel of commands would make us one of the
/// listeners that `PUBLISH` counts.
@LoopActor
final class PauseDesk {
    struct Dependencies {
        let control: ControlDesk
        let feed: Feed
        let records: any PauseRecords
        let clock: GatewayClock
        let log: Logger
        /// Something was learned of workers.
        let onChange: @LoopActor () -> Void
        /// Ends a pause whose time is over; false if that was not possible.
        let resume: @LoopActor (PausedQueue) async -> Bool
    }

    /// A worker that is being told.
    private struct Telling {
        /// What it is to cancel.
        var queues: [String]
        /// When it is given up.
        var until: ContinuousClock.Instant
        /// How long an answer is waited for before it is told again, and when that is.
        var every: Duration
        var next = ContinuousClock.now
        /// What it consumed.
        var cancelled: Set<String> = []
    }

    private let to: Dependencies
    private(set) var book = PauseBook()
    /// Workers that are being told, by name.
    private var tellings: [String: Telling] = [:]
    private var isTelling = false
    /// Worker, or worker and queue -> when it may be told again without having appeared.
    private var tellAgainAt: [String: Double] = [:]
    /// Queue -> when its end may be tried again.
    private var endAfter: [String: Double] = [:]

    init(_ dependencies: Dependencies) {
        to = dependencies
    }

    /// Reads what earlier runs of the gateway left.
    func load() async {
        do throws(RecordsError) {
            book = PauseBook(try await to.records.pausedQueues())
        } catch {
            to.log.error("paused queues cannot be read", metadata: ["error": "\(error.message)"])
        }
        show()
    }

    /// Notes what a command has recorded.
    func added(_ desired: DesiredState) {
        if let pause = desired.pause { book.pause(pause) }
        if let resume = desired.resume { book.resume(resume) }
        if desired.pause != nil || desired.resume != nil { show() }
        // Their mailboxes may not be open yet.
        if desired.pause != nil {
            for worker in to.feed.fleet.workersOfUnknownQueues { workerAppeared(worker) }
        }
    }

    /// Notes who consumes a paused queue, and returns when that is on the disk.
    func remember(_ consumers: [PausedConsumer], of queue: String) async {
        let news = book.note(consumers, of: queue)
        guard !news.isEmpty else { return }
        do throws(RecordsError) {
            try await to.records.remember(news, of: queue)
        } catch {
            to.log.error(
                "consumers of a paused queue are not recorded",
                metadata: ["error": "\(error.message)"])
        }
    }

    /// Workers were told by somebody not to consume a queue: they are not to when it is resumed.
    func dismiss(_ workers: [String], of queue: String) {
        guard book.rows[queue] != nil else { return }
        book.forget(workers, of: queue)
        record { records throws(RecordsError) in
            try await records.forget(consumers: workers, of: queue)
        }
    }

    private func show() {
        let (wish, now) = (book.wish, to.clock.now())
        to.feed.learn { $0.setPaused(queues: wish, now: now) }
        to.onChange()
    }

    private func record(
        _ change: @escaping @Sendable (any PauseRecords) async throws(RecordsError) -> Void
    ) {
        let records = to.records
        Task { @LoopActor in
            do throws(RecordsError) {
                try await change(records)
            } catch {
                to.log.error(
                    "consumers of a paused queue are not recorded",
                    metadata: ["error": "\(error.message)"])
            }
        }
    }

    // MARK: - When to tell

    /// A worker has appeared: it must hear of the pauses before it takes messages.
    func workerAppeared(_ name: String) {
        guard !book.paused.isEmpty else { return }
        enforce(
            name, cancelling: book.blind(for: name), for: PauseLimits.patience,
            every: PauseLimits.roundMilliseconds)
    }

    /// Looks for workers that do what they should not; about once a second.
    ///
    /// - Parameter atOnce: whether what is seen is certainly not what a command is about to change.
    func check(atOnce: Bool = false) {
        guard !book.isEmpty else { return }
        let now = to.clock.now()
        checkPaused(atOnce: atOnce, now: now)
        checkResumed(now: now)
        tellAgainAt = tellAgainAt.filter { $0.value > now }
    }

    private func checkPaused(atOnce: Bool, now: Double) {
        var drifting: [String: [String]] = [:]
        for queue in book.paused {
            guard let since = to.feed.fleet.driftSince(of: queue),
                atOnce || now - since >= PauseLimits.driftGrace
            else { continue }
            for (worker, _) in to.feed.fleet.consumers(of: queue) {
                drifting[worker, default: []].append(queue)
            }
        }
        for (worker, queues) in drifting where tellAgainAt[worker] == nil {
            // One that cannot hear now keeps all that it is told until its task is over.
            let isBusy = to.feed.fleet.worker(worker)?.answersLate ?? false
            tellAgainAt[worker] =
                now + (isBusy ? PauseLimits.retellBusySeconds : PauseLimits.retellSeconds)
            enforce(
                worker, cancelling: queues, for: PauseLimits.driftPatience,
                every: PauseLimits.driftRoundMilliseconds)
        }
    }

    private func checkResumed(now: Double) {
        let fleet = to.feed.fleet
        let found = book.resumption(now: now) { fleet.consumes($0, $1, since: $2) }
        for (queue, workers) in found.back {
            book.forget(workers, of: queue)
            record { records throws(RecordsError) in
                try await records.forget(consumers: workers, of: queue)
            }
        }
        for queue in found.done {
            book.close(queue)
            record { records throws(RecordsError) in try await records.closeResumed(queue: queue) }
        }
        for (queue, consumers) in found.missing {
            let untold = consumers.filter { tellAgainAt["\($0.worker)\n\(queue)"] == nil }
            for consumer in untold {
                tellAgainAt["\(consumer.worker)\n\(queue)"] = now + PauseLimits.retellSeconds
            }
            Task { @LoopActor in await give(queue, back: untold) }
        }
    }

    /// Ends the pauses whose time is over.
    func endDue() {
        let now = to.clock.now()
        for queue in book.due(now: now) where endAfter[queue] ?? 0 <= now {
            guard let row = book.rows[queue] else { continue }
            endAfter[queue] = now + PauseLimits.endRetrySeconds
            Task { @LoopActor in
                if await to.resume(row) { endAfter[queue] = nil }
            }
        }
    }

    // MARK: - Telling workers

    /// Tells a worker until it says that it consumes no paused queue, or must be given up: all such
    /// workers together, because every message reaches every worker.
    private func enforce(
        _ worker: String, cancelling queues: [String], for seconds: Double, every milliseconds: Int
    ) {
        let until = ContinuousClock.now + .seconds(seconds)
        let every = Duration.milliseconds(milliseconds)
        var telling = tellings[worker] ?? Telling(queues: queues, until: until, every: every)
        telling.queues = Set(telling.queues).union(queues).sorted()
        telling.until = max(telling.until, until)
        telling.every = min(telling.every, every)
        tellings[worker] = telling
        guard !isTelling else { return }
        isTelling = true
        Task { @LoopActor in
            await tellAll()
            isTelling = false
        }
    }

    private func tellAll() async {
        while true {
            if book.paused.isEmpty { tellings = [:] }
            for (worker, telling) in tellings where telling.until <= ContinuousClock.now {
                tellings[worker] = nil
                to.log.warning(
                    "a worker does not hear of paused queues", metadata: ["worker": "\(worker)"])
            }
            guard !tellings.isEmpty else { return }
            do throws(BrokerError) {
                // A timer that is a little early does not cost a whole round.
                let now = ContinuousClock.now + .milliseconds(PauseLimits.roundMilliseconds / 2)
                let due = tellings.filter { $0.value.next <= now }.keys.sorted()
                for workers in due.chunks(of: PauseLimits.workersAtOnce) {
                    try await tell(workers)
                }
            } catch {
                // The next round of questions, when the broker is back, shows who consumes.
                tellings = [:]
                return
            }
            await LoopTimer.pause(for: .milliseconds(PauseLimits.roundMilliseconds))
        }
    }

    /// Asks workers what they consume, and right after that cancels some: what they tell is from
    /// before.
    private func tell(_ workers: [String]) async throws(BrokerError) {
        for worker in workers {
            guard let every = tellings[worker]?.every else { continue }
            tellings[worker]?.next = ContinuousClock.now + every
        }
        var byQueue: [String: [String]] = [:]
        for worker in workers {
            for queue in tellings[worker]?.queues ?? [] where book.isPaused(queue) {
                byQueue[queue, default: []].append(worker)
            }
        }
        // Together: who hears only the second one stops, and nobody knows that it consumed.
        try await to.control.ask(
            .activeQueues, of: workers, expecting: workers,
            timeout: .milliseconds(PauseLimits.answerMilliseconds),
            then: byQueue.sorted { $0.key < $1.key }.map {
                (.cancelConsumer(queue: $0.key), $0.value)
            },
            onAnswer: { [weak self] answer in
                guard case .activeQueues(let queues) = InspectReply(answer.value, to: .activeQueues)
                else { return }
                self?.answered(answer.worker, queues)
            })
    }

    /// Asks workers that have not said what they consume, just before they are told to stop: whenever they
    /// answer, it is from before.
    func askUnknown() async {
        let workers = to.feed.fleet.workersOfUnknownQueues
        for some in workers.chunks(of: PauseLimits.workersAtOnce) {
            do throws(BrokerError) {
                try await to.control.ask(
                    .activeQueues, of: some, expecting: some,
                    timeout: .seconds(CommandLimits.lateSeconds),
                    onAnswer: { [weak self] answer in
                        guard
                            case .activeQueues(let queues) = InspectReply(
                                answer.value, to: .activeQueues)
                        else { return }
                        self?.learn(queues, of: answer.worker)
                    })
            } catch {
                // They cannot be told to stop either.
                return
            }
        }
    }

    private func answered(_ worker: String, _ consumed: [ConsumedQueue]) {
        learn(consumed, of: worker)
        guard var telling = tellings[worker] else { return }
        telling.queues = consumed.map(\.name).filter(book.isPaused)
        telling.cancelled.formUnion(telling.queues)
        tellings[worker] = telling.queues.isEmpty ? nil : telling
        guard telling.queues.isEmpty, !telling.cancelled.isEmpty else { return }
        to.log.info(
            "a worker consumes paused queues no more",
            metadata: ["worker": "\(worker)", "queues": "\(telling.cancelled.sorted())"])
    }

    private func learn(_ consumed: [ConsumedQueue], of worker: String) {
        let now = to.clock.now()
        to.feed.learn { $0.apply(.activeQueues(consumed), from: worker, receivedAt: now) }
        to.onChange()
        for (queue, consumer) in book.learn(consumed, of: worker) {
            record { records throws(RecordsError) in
                try await records.remember([consumer], of: queue)
            }
        }
    }

    private func give(_ queue: String, back consumers: [PausedConsumer]) async {
        for change in ConsumerChange.giving(queue, back: consumers) {
            guard !book.isPaused(queue) else { return }
            do throws(BrokerError) {
                try await to.control.tell(change.method, to: change.workers)
                to.log.info(
                    "told workers to consume a resumed queue",
                    metadata: ["queue": "\(queue)", "workers": "\(change.workers)"])
            } catch {
                to.log.debug("consumers not sent", metadata: ["error": "\(error.message)"])
            }
        }
    }
}
