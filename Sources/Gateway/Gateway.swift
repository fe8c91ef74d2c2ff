package import EventLoop
package import Fleet
internal import LiveSync
package import Logging
package import Ports
internal import WireFormats

/// The gateway: performs what the pure rooms decide. One way for the data: what the edges bring goes to
/// the feed, from there into rows, from there to sessions; commands go back to the broker and are rows
/// themselves.
@LoopActor
package final class Gateway {
    /// The edges, as the gateway sees them.
    package struct Edges {
        /// Commands to the broker.
        package var broker: any BrokerCommands
        /// Commands to the result backend; may be the broker.
        package var results: any BrokerCommands
        /// Who somebody is.
        package var access: any AccessControl
        /// Commands that survive everything.
        package var commandRecords: any CommandRecords
        /// What was done by whom.
        package var audit: any AuditLog
        /// Revocations that workers which appear later must hear of.
        package var revokes: any RevokeRecords
        /// What purges have removed and can be restored.
        package var trash: any TrashRecords
        /// Queues that are to stay without consumers.
        package var pauses: any PauseRecords
        /// Whether anything can be recorded.
        package var recordsHealth: any RecordsHealth
        /// Random names and derived ids.
        package var secrets: any SecretSource
        /// Whom people sign in with besides; `nil` if nobody.
        package var openID: OpenIDProvider?
        /// Makes the first admin; `nil` if there was one at the start.
        package var firstAdmin: (any FirstAdmin)?
        /// What was done at the broker so far.
        package var cost: @LoopActor () -> BrokerCost

        /// Makes the set.
        package init(
            broker: any BrokerCommands, results: any BrokerCommands, access: any AccessControl,
            commandRecords: any CommandRecords, audit: any AuditLog, revokes: any RevokeRecords,
            trash: any TrashRecords, pauses: any PauseRecords,
            recordsHealth: any RecordsHealth, secrets: any SecretSource,
            openID: OpenIDProvider? = nil, firstAdmin: (any FirstAdmin)? = nil,
            cost: @escaping @LoopActor () -> BrokerCost
        ) {
            self.broker = broker
            self.results = results
            self.access = access
            self.commandRecords = commandRecords
            self.audit = audit
            self.revokes = revokes
            self.trash = trash
            self.pauses = pauses
            self.recordsHealth = recordsHealth
            self.secrets = secrets
            self.openID = openID
            self.firstAdmin = firstAdmin
            self.cost = cost
        }
    }

    let edges: Edges
    let options: GatewayOptions
    let clock: GatewayClock
    let log: Logger
    let rows: Rows
    let feed: Feed
    let events: EventDesk
    let control: ControlDesk
    let inspector: Inspector
    let queues: QueueReader
    let revokes: RevokeDesk
    let trash: TrashDesk
    let pauses: PauseDesk
    let commands: CommandDesk
    let audit: AuditDesk
    let auditFeed: AuditFeed
    let sessions: SessionDesk
    let http: HttpDesk
    let health: HealthDesk
    let cost: CostKeeper
    let metrics: MetricsDesk
    let doctor: BrokerDoctor
    let refusals: (broker: RefusalWatch, results: RefusalWatch)
    /// What the decoders on the ingest threads count.
    package let ingest = IngestCounters()

    private var timers: [LoopTimer] = []
    let ticker = Ticker()

    /// Builds the gateway; nothing flows before ``start()``.
    ///
    /// - Throws: if there are no random numbers.
    package init(
        edges: Edges, options: GatewayOptions, clock: GatewayClock, log: Logger
    ) throws(CredentialError) {
        let refusals = (RefusalWatch(clock: clock), RefusalWatch(clock: clock))
        self.refusals = refusals
        let doctorsBroker = edges.broker
        var edges = edges
        edges.broker = WatchedBroker(edges.broker, watch: refusals.0)
        edges.results = WatchedBroker(edges.results, watch: refusals.1)
        self.edges = edges
        self.options = options
        self.clock = clock
        self.log = log
        let epoch = try edges.secrets.makeIdentifier()
        let rows = Rows(epoch: epoch)
        self.rows = rows
        let events = EventDesk(epoch: epoch, bytes: options.eventLogBytes)
        self.events = events
        feed = Feed(rows: rows, limits: options.fleetLimits, now: clock.now())
        feed.learn { $0.openAddress = options.openAddress }
        health = HealthDesk(rows: rows, clock: clock, brokerName: options.brokerName)
        let cost = CostKeeper(
            ceiling: options.costCeiling, clock: clock, measure: edges.cost)
        self.cost = cost
        doctor = BrokerDoctor(
            // Its questions may be refused: they are not what the gateway needs.
            broker: doctorsBroker, settings: options.celery, unverified: options.unverified,
            cost: cost, replyKey: options.replyKey, log: log)
        let later = Later()
        control = ControlDesk(
            broker: edges.broker, settings: options.celery, replyKey: options.replyKey,
            makeTicket: { (try? edges.secrets.randomUUID()) ?? "" }, log: log)
        inspector = Inspector(
            control: control, feed: feed, results: edges.results, settings: options.celery,
            clock: clock, cost: cost, log: log, onLearned: { later.gateway?.changed() })
        queues = QueueReader(
            broker: edges.broker, feed: feed, settings: options.celery, clock: clock, cost: cost,
            log: log)
        revokes = RevokeDesk(
            control: control, records: edges.revokes, clock: clock, origin: options.origin,
            log: log)
        trash = TrashDesk(
            broker: edges.broker, records: edges.trash, rows: rows, settings: options.celery,
            clock: clock, cost: cost, log: log, onChange: { later.gateway?.changed() })
        pauses = PauseDesk(
            PauseDesk.Dependencies(
                control: control, feed: feed, records: edges.pauses, clock: clock, log: log,
                onChange: { later.gateway?.changed() },
                resume: { await later.gateway?.commands.endPause($0) ?? false }))
        let auditFeed = AuditFeed(
            audit: edges.audit, rows: rows, log: log, onChange: { later.gateway?.changed() })
        self.auditFeed = auditFeed
        audit = AuditDesk(
            audit: edges.audit, clock: clock, log: log, redactor: options.celery.redactor,
            onLine: { auditFeed.note() })
        commands = CommandDesk(
            CommandDesk.Dependencies(
                rows: rows, feed: feed, broker: edges.broker, results: edges.results,
                control: control, inspector: inspector, records: edges.commandRecords,
                audit: audit,
                revokes: revokes, trash: trash, pauses: pauses, secrets: edges.secrets,
                settings: options.celery,
                clock: clock,
                log: log,
                origin: options.origin, onChange: { later.gateway?.changed() }))
        let tokens = TokenDesk(access: edges.access, audit: audit, clock: clock)
        let tickets = TicketBook(secrets: edges.secrets)
        let health = health
        let origins = OriginPolicy(allowed: options.allowedOrigins)
        let ticker = ticker
        let details = DetailReader(
            rows: RowReader(engine: rows.engine), queues: queues, commands: commands)
        sessions = SessionDesk(
            SessionDesk.Dependencies(
                rows: rows, events: events, access: edges.access, tokens: tokens,
                tickets: tickets, resumes: try ResumeTokens(secrets: edges.secrets),
                resumeURL: options.resumeURL,
                secrets: edges.secrets,
                commands: commands, details: details,
                origins: origins, clock: clock, log: log, version: options.version,
                connectionsPerPrincipal: options.connectionsPerPrincipal,
                freshness: { (health.asOf, health.state.rawValue) },
                publish: { later.gateway?.publish() },
                wait: { ticker.waits(until: $0) }))
        let inspector = inspector
        let isReady: @LoopActor () -> Bool = { health.isConnected && inspector.isReconciled }
        let metrics = MetricsDesk(
            MetricsDesk.Dependencies(
                rows: rows, feed: feed, events: events, health: health, cost: cost, ingest: ingest,
                commands: commands, audit: audit, sessions: sessions, clock: clock,
                version: options.version, isReady: isReady))
        self.metrics = metrics
        http = HttpDesk(
            HttpDesk.Dependencies(
                rows: rows, feed: feed, events: events, details: details,
                groups: GroupReader(
                    results: edges.results, settings: options.celery, feed: feed),
                access: edges.access, tokens: tokens, tickets: tickets, audit: audit,
                auditFeed: auditFeed,
                openID: edges.openID.map {
                    OpenIDDesk(
                        $0, access: edges.access, secrets: edges.secrets, clock: clock)
                },
                firstAdmin: edges.firstAdmin,
                commands: commands, origins: origins, clock: clock, log: log,
                version: options.version, metrics: { metrics.text() },
                reconcile: { later.gateway?.reconcileNow() ?? false },
                isReady: isReady))
        later.gateway = self
        ticker.action = {
            later.gateway?.publish()
            later.gateway?.sessions.tell()
        }
    }

    @LoopActor private final class Later {
        weak var gateway: Gateway?
    }

    /// The server to send through.
    package var output: (any SocketOutput)? {
        get { sessions.output }
        set { sessions.output = newValue }
    }

    // MARK: - Life

    /// Starts the timers and shows the commands of earlier runs.
    package func start() async {
        await revokes.load()
        do throws(RecordsError) {
            let recent = try await edges.commandRecords.recentCommands(
                since: clock.now() - CommandLimits.endedSeconds, limit: CommandLimits.endedRows)
            commands.restore(recent)
        } catch {
            log.error("earlier commands cannot be read", metadata: ["error": "\(error.message)"])
        }
        await trash.load()
        await pauses.load()
        await auditFeed.load()
        repeatEvery(.seconds(1)) { $0.everySecond() }
        repeatEvery(.seconds(60)) { $0.revokes.tick() }
        repeatEvery(.seconds(30)) { $0.queues.note(due: [.bindings, .unreachable]) }
        repeatEvery(.seconds(5)) { $0.queues.note(due: [.held, .oldest]) }
        repeatEvery(.seconds(30)) { gateway in
            guard gateway.health.isConnected else { return }
            Task { @LoopActor in await gateway.compareTrash() }
        }
        repeatEvery(options.refreshInterval) { gateway in
            guard gateway.health.isConnected else { return }
            Task { @LoopActor in await gateway.inspector.refreshFigures() }
        }
        repeatEvery(.seconds(5)) { $0.health.show(ProcessMemory.now()) }
        repeatEvery(.seconds(2)) { gateway in
            guard gateway.edges.recordsHealth.trouble != nil else { return }
            Task { await gateway.edges.recordsHealth.probe() }
        }
        repeatEvery(.seconds(10)) { $0.examineBroker() }
        health.show(state: .down, detail: "connecting")
        changed()
    }

    private func repeatEvery(_ period: Duration, _ action: @escaping @LoopActor (Gateway) -> Void) {
        timers.append(
            LoopTimer(after: period, every: period) { [weak self] in
                guard let self else { return }
                action(self)
            })
    }

    private var isReadingQueues = false

    private func everySecond() {
        let now = clock.now()
        let error = clock.error()
        feed.learn {
            $0.clockError = error
            $0.recordsTrouble = edges.recordsHealth.trouble?.message
            $0.advance(now: now)
        }
        commands.forgetOld(now: now)
        trash.tick()
        audit.tick()
        auditFeed.note()
        events.tick()
        health.tick(
            ingest: ingest, cost: cost, clients: sessions.liveCount,
            subscriptions: sessions.subscriptionCount, frames: sessions.framesSent,
            bytes: sessions.bytesSent)
        changed()
        endDropGap(now: now)
        sessions.sweep()
        reconcileIfNeeded()
        if health.isConnected {
            pauses.check()
            // Only then it is known which workers are there to be told.
            if inspector.isReconciled { pauses.endDue() }
        }
        guard health.isConnected, !isReadingQueues else { return }
        isReadingQueues = true
        Task { @LoopActor in
            await queues.readDue()
            await queues.readDepths()
            isReadingQueues = false
            changed()
        }
    }

    /// Lets all clients go and calls `done` (R57).
    package func drain(_ done: @escaping @LoopActor () -> Void) {
        output?.stopListening()
        Task { @LoopActor in
            await audit.end()
            sessions.startDrain(done)
        }
    }

    // MARK: - What the edges bring

    /// News of the event subscription.
    package func receive(_ event: consuming SubscriptionEvent<CeleryEvent>) {
        switch consume event {
        case .batch(let batch): receive(batch)
        case .subscribed(let at):
            health.subscribed(at: at)
            health.restored(.events, at: at)
            hasSubscribed = true
            feed.learn { $0.note(eventsLost: nil) }
            if let gap = openGap {
                openGap = nil
                feed.learn { $0.closeGap(gap, at: at, lost: nil) }
            }
            reconcile()
        case .lost(let since, let reason):
            health.lost(since: since, reason: reason)
            health.broke(.events, reason: reason, at: since)
            inspector.invalidate()
            feed.learn { $0.note(eventsLost: reason) }
            if openGap == nil {
                // Before the first subscription there was no log that could lack something.
                if hasSubscribed { events.lose(nil) }
                openGap = feed.learn {
                    $0.openGap(from: since, reason: reason, now: clock.now())
                }
            }
            log.warning(
                hasSubscribed
                    ? "events are lost until the broker answers again"
                    : "the broker does not answer",
                metadata: ["reason": "\(reason)"])
            changed()
        case .probe(let roundTrip):
            health.probed(roundTrip: roundTrip, at: clock.now())
        }
    }

    private func receive(_ batch: consuming SubscriptionBatch<CeleryEvent>) {
        let at = batch.receivedAt
        let applied = feed.learn { $0.apply(&batch.items, receivedAt: at) }
        events.take(batch.items, applied.routes, wireBytes: batch.bytes, receivedAt: at)
        health.applied(after: clock.now() - batch.oldestAt)
        commands.noticed(batch.items)
        revokes.noticed(batch.items)
        health.received(
            events: batch.items.count, batch.messages, batch.bytes, dropped: batch.dropped, at: at)
        if batch.dropped > 0 { noteDrop(batch.dropped, at: at) }
        for name in applied.startedWorkers {
            pauses.workerAppeared(name)
            commands.workerAppeared(name)
            revokes.workerAppeared(name)
            inspector.workerAppeared(name)
        }
        changed()
    }

    private var openGap: Int?
    /// Whether the broker ever answered.
    private var hasSubscribed = false

    /// A gap of our own making: the loop does not keep up.
    private var dropGap: (id: Int, last: Double, lost: Int)?
    /// Seconds without a drop after which the gap is over.
    private static let dropQuiet = 3.0

    /// One gap from the first drop to the last: making everything stale and asking all workers for each
    /// of them would keep the loop from ever catching up.
    private func noteDrop(_ count: Int, at: Double) {
        if dropGap == nil {
            let id = feed.learn {
                $0.openGap(from: at, reason: "the gateway did not keep up", now: at)
            }
            dropGap = (id, at, 0)
        }
        dropGap?.last = at
        dropGap?.lost += count
        events.lose(count)
    }

    private func endDropGap(now: Double) {
        guard let gap = dropGap, now - gap.last >= Self.dropQuiet else { return }
        dropGap = nil
        feed.learn { $0.closeGap(gap.id, at: gap.last, lost: gap.lost) }
        reconcile()
    }

    private var openRounds = 0

    private func reconcile() {
        health.show(state: .reconciling, detail: "asking the workers")
        changed()
        openRounds += 1
        Task { @LoopActor in
            // Workers may have started in the gap.
            revokes.refresh()
            let isDone = await inspector.reconcile(first: {
                await queues.discover()
                await queues.readDepths()
                await queues.readOldest()
                await queues.readUnreachable()
            })
            openRounds -= 1
            pauses.check(atOnce: true)
            if isDone {
                health.reconciled()
            } else {
                health.show(
                    state: .reconciling,
                    detail: "put off: we have cost the broker enough for now (see cost)")
            }
            changed()
        }
    }

    /// Begins a round because somebody wants it; one that runs already will do.
    ///
    /// - Returns: false if the broker is away: the round begins when it is back.
    private func reconcileNow() -> Bool {
        guard health.isConnected, health.isSubscribed else { return false }
        if openRounds == 0 { reconcile() }
        return true
    }

    /// Begins another round if the last one failed, such as for a broker that went away during it.
    private func reconcileIfNeeded() {
        guard health.isConnected, health.isSubscribed else { return }
        guard !inspector.isReconciled, openRounds == 0 else { return }
        reconcile()
    }

    private func examineBroker() {
        guard health.isConnected else { return }
        Task { @LoopActor in
            guard var facts = await doctor.look() else { return }
            facts.forbidden = [
                refusals.broker.facts(server: "broker"),
                refusals.results.facts(server: "result backend"),
            ].compactMap { $0 }
            facts.resultsReason = resultsReason
            feed.learn { $0.apply(broker: facts) }
            changed()
        }
    }

    /// Why the result backend cannot be reached.
    private var resultsReason: String?

    /// News of the connection to the result backend.
    package func resultsLink(_ event: LinkEvent) {
        switch event {
        case .connected:
            refusals.results.forget()
            health.restored(.results, at: clock.now())
            show(resultsReason: nil)
        case .disconnected(let reason):
            health.broke(.results, reason: reason, at: clock.now())
            show(resultsReason: reason)
        }
        changed()
    }

    private func show(resultsReason reason: String?) {
        // The links of one server fall together: it is told of once, as the broker.
        guard reason != resultsReason else { return }
        resultsReason = reason
        log.info(
            reason == nil ? "result backend connected" : "result backend disconnected",
            metadata: reason.map { ["reason": "\($0)"] } ?? [:])
        examineBroker()
    }

    /// News of the connection on which the workers' answers come.
    package func repliesLink(_ event: LinkEvent) {
        switch event {
        case .connected: health.restored(.replies, at: clock.now())
        case .disconnected(let reason):
            health.broke(.replies, reason: reason, at: clock.now())
        }
        changed()
    }

    /// The list of answers cannot be read, or can again.
    package func repliesRefused(_ error: String?) {
        refusals.broker.note("BRPOP", error: error)
    }

    /// News of the result subscription.
    package func receive(_ event: SubscriptionEvent<TaskResult>) {
        switch event {
        case .lost(let since, let reason):
            health.broke(.resultNews, reason: reason, at: since)
            show(resultsReason: reason)
            changed()
        case .subscribed(let at):
            let hasMissed = health.restored(.resultNews, at: at)
            // Results were announced that nobody heard: whoever waits for one must be looked up.
            if hasMissed { _ = reconcileNow() }
            if edges.results.isConnected { show(resultsReason: nil) }
            changed()
        case .batch(let batch): take(batch)
        case .probe: break
        }
    }

    private func take(_ batch: SubscriptionBatch<TaskResult>) {
        feed.learn { $0.apply(results: batch.items, now: batch.receivedAt) }
        commands.noticed(batch.items)
        revokes.noticed(batch.items)
        changed()
    }

    /// News of the command connection.
    package func brokerLink(_ event: LinkEvent) {
        switch event {
        case .connected(let server, _):
            health.connected(server: server)
            health.restored(.commands, at: clock.now())
            log.info("broker connected", metadata: ["server": "\(server)"])
            refusals.broker.forget()
            // The event subscription may have been first: its round has then found no broker.
            reconcileIfNeeded()
            Task { @LoopActor in
                // Purges and restores have marks that tell more than that something was sent.
                await commands.examineLostTrash()
                await commands.examineLost()
                await commands.examineWatched()
                await compareTrash()
            }
            examineBroker()
        case .disconnected(let reason):
            health.disconnected(reason: reason)
            health.broke(.commands, reason: reason, at: clock.now())
            log.warning("broker disconnected", metadata: ["reason": "\(reason)"])
        }
        changed()
    }

    private func compareTrash() async {
        await trash.compare { commands.foundOut($0, $1) }
    }

    /// A worker's answer to remote control, as popped from the reply list.
    package func controlReply(_ item: [UInt8]) {
        control.received(item)
    }

    // MARK: - Publishing

    /// Something was learned: rows and frames follow with the next tick.
    func changed() {
        ticker.changed()
    }

    /// Writes what was learned into the tables, as one revision. Clients are told by the next tick.
    private func publish() {
        feed.publish(now: clock.now())
        rows.engine.commit(at: Milliseconds(EventLoop.shared.milliseconds))
    }
}

extension Gateway: SocketServerHandler {
    package func respond(to request: HttpRequest) async -> HttpResponse {
        await http.respond(to: request)
    }

    package func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision {
        sessions.decideUpgrade(request)
    }

    package func socketOpened(_ socket: SocketID, request: HttpRequest) {
        sessions.opened(socket, request: request)
    }

    package func socketReceived(_ socket: SocketID, text: [UInt8]) {
        sessions.received(socket, text: text)
    }

    package func socketDrained(_ socket: SocketID) {
        sessions.drained(socket)
    }

    package func socketClosed(_ socket: SocketID, code: UInt16) {
        sessions.closed(socket, code: code)
    }
}
