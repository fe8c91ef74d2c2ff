package import EventLoop
package import Fleet
internal import LiveSync
package import Logging
package import Ports
internal import WireFormats

/// A look at a broker and its workers that comes to an end, for `celeriac check`: what a gateway
/// would show as alerts after having listened for a few seconds.
@LoopActor
package final class Checkup {
    private let doctor: BrokerDoctor
    private let feed: Feed
    private let control: ControlDesk
    private let inspector: Inspector
    private let queues: QueueReader
    private let clock: GatewayClock
    private var ticker: LoopTimer?
    private var events = 0
    private var openGap: Int?
    private var isSubscribed = false

    /// Seconds that the subscription is waited for: of a list of servers the first may be down.
    private static let patience = 5

    /// What a checkup is given: as a gateway's edges and options, without records and clients.
    package struct Tools {
        /// Commands to the broker.
        package var broker: any BrokerCommands
        /// Commands to the result backend; may be the broker.
        package var results: any BrokerCommands
        /// Names for questions.
        package var secrets: any SecretSource
        /// How Celery names its keys and channels.
        package var settings: CelerySettings
        /// The list that workers answer to.
        package var replyKey: String
        /// Servers whose certificate is not checked.
        package var unverified: [String]

        /// Makes the set.
        package init(
            broker: any BrokerCommands, results: any BrokerCommands, secrets: any SecretSource,
            settings: CelerySettings, replyKey: String, unverified: [String]
        ) {
            self.broker = broker
            self.results = results
            self.secrets = secrets
            self.settings = settings
            self.replyKey = replyKey
            self.unverified = unverified
        }
    }

    /// Prepares a checkup; nothing is asked before ``run(seconds:)``.
    package init(_ tools: Tools, clock: GatewayClock, log: Logger) {
        self.clock = clock
        let settings = tools.settings
        // One look costs what it costs: it was asked for.
        let cost = CostKeeper(ceiling: .max, clock: clock, measure: { BrokerCost() })
        doctor = BrokerDoctor(
            broker: tools.broker, settings: settings, unverified: tools.unverified, cost: cost,
            replyKey: tools.replyKey, log: log)
        feed = Feed(rows: Rows(epoch: "check"), limits: FleetLimits(), now: clock.now())
        let secrets = tools.secrets
        control = ControlDesk(
            broker: tools.broker, settings: settings, replyKey: tools.replyKey,
            // Without a ticket nobody's answer is found, and the workers count as silent.
            makeTicket: { (try? secrets.randomUUID()) ?? "" }, log: log)
        inspector = Inspector(
            control: control, feed: feed, results: tools.results, settings: settings, clock: clock,
            cost: cost, log: log, onLearned: {})
        queues = QueueReader(
            broker: tools.broker, feed: feed, settings: settings, clock: clock, cost: cost,
            log: log)
    }

    /// News of the event subscription.
    package func receive(_ event: SubscriptionEvent<CeleryEvent>) {
        switch event {
        case .batch(let batch):
            events += batch.items.count
            feed.learn { $0.apply(batch.items, receivedAt: batch.receivedAt) }
        case .subscribed(let at):
            isSubscribed = true
            guard let gap = openGap else { return }
            openGap = nil
            feed.learn { $0.closeGap(gap, at: at, lost: nil) }
        case .lost(let since, let reason):
            guard openGap == nil else { return }
            openGap = feed.learn { $0.openGap(from: since, reason: reason, now: clock.now()) }
        case .probe: break
        }
    }

    /// A worker's answer, as popped from the reply list.
    package func controlReply(_ item: [UInt8]) {
        control.received(item)
    }

    /// Asks the server and the workers, and listens to events for a while between two rounds.
    package func run(seconds: Int) async -> CheckReport {
        ticker = LoopTimer(after: .seconds(1), every: .seconds(1)) { [weak self] in
            guard let self else { return }
            feed.learn { $0.advance(now: self.clock.now()) }
        }
        let facts = await doctor.look()
        feed.learn { $0.apply(broker: facts) }
        _ = await inspector.reconcile(first: { await queues.discover() })
        await queues.readDepths()
        await wait(seconds)
        for _ in 0..<Self.patience where !isSubscribed { await wait(1) }
        // Once more: a busy worker may have been too slow the first time.
        _ = await inspector.reconcile()
        await queues.readDepths()
        ticker?.cancel()
        let now = clock.now()
        feed.learn { $0.advance(now: now + 1) }
        let order: [Finding.Severity] = [.error, .warning, .info]
        let findings = feed.fleet.findings(now: now)
        return CheckReport(
            findings: order.flatMap { severity in findings.filter { $0.severity == severity } },
            workers: feed.fleet.workerNames.sorted(), queues: feed.fleet.queueNames.sorted(),
            isBrokerKnown: facts != nil, events: events)
    }

    private func wait(_ seconds: Int) async {
        let end = AsyncStream.makeStream(of: Void.self)
        let timer = LoopTimer(after: .seconds(seconds)) { end.continuation.finish() }
        for await _ in end.stream {}
        timer.cancel()
    }
}
