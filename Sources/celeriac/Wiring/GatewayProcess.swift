internal import Credentials
internal import EventLoop
internal import Fleet
internal import Foundation
internal import Gateway
internal import HttpClient
internal import Logging
internal import Ports
internal import Records
internal import RedisLink
internal import SocketServer
internal import WireFormats

/// Connects the edges to a gateway and keeps them for the life of the process.
@LoopActor
final class GatewayProcess {
    struct Plan: Sendable {
        var routes: BrokerRoutes
        var address: String
        var port: UInt16
        /// The address, if others reach it without TLS.
        var openAddress: String?
        var webRoot: String?
        var allowedOrigins: [String]
        var trustedProxies: TrustedProxies
        /// Takes secrets out of the texts of users.
        var redactor = Redactor.standard
        var socketsPerAddress: Int?
        /// Sessions that one principal may have.
        var connectionsPerPrincipal: Int
        /// Where this gateway alone is reached; `nil` if clients are not told.
        var resumeURL: String?
        /// `global_keyprefix` of the broker.
        var keyPrefix = ""
        /// Prefix of result keys.
        var resultPrefix = ""
        /// Seconds.
        var visibilityTimeout = 3_600.0
        /// `priority_steps` and `sep` of the broker.
        var naming = QueueNaming.standard
        var flowerTasks = 0
        /// Mebibytes.
        var eventLog = 64
        /// Files of the certificate chain and its key.
        var tls: (certificate: String, key: String)?
        /// File of the authorities of client certificates.
        var clientAuthority: String?
        /// Seconds.
        var inspectInterval = 10
        /// Commands per minute.
        var costCeiling = 60_000
        /// Seconds.
        var workerGoneAfter = 600.0
        /// Whom people sign in with besides.
        var openID: OpenIDSettings?
        /// What proves to it who we are.
        var openIDSecret: String?

        var broker: BrokerRoute { routes.broker }
        var results: BrokerRoute { routes.results ?? routes.broker }
    }

    private let plan: Plan
    private let log: Logger
    private let gateway: Gateway
    private let broker: RedisConnection
    private let results: RedisConnection
    private let replies: BlockingPopLink
    private let events: Subscription<CeleryEvent>
    private let resultNews: Subscription<TaskResult>
    private var server: SocketServer?
    private var signals: [LoopSignal] = []
    private let store: RecordStore
    private var pruning: LoopTimer?
    private var isDraining = false

    init(
        _ plan: Plan, replyKey: String, setup: SetupCode?, store: RecordStore,
        secrets: OpenSSLSecrets, log: Logger
    ) throws {
        self.plan = plan
        self.log = log
        self.store = store
        let clock = GatewayClock(
            now: { SteadyClock.shared.now }, error: { SteadyClock.shared.error })
        broker = RedisConnection(plan.broker.configuration.named(GatewayLink.commands.rawValue))
        results = RedisConnection(plan.results.configuration.named(GatewayLink.results.rawValue))
        let later = Later()
        let celery = CelerySettings(
            database: plan.broker.database,
            keyPrefix: plan.keyPrefix, resultPrefix: plan.resultPrefix,
            visibilityTimeout: plan.visibilityTimeout, naming: plan.naming,
            isBehindSentinel: plan.broker.isBehindSentinel, redactor: plan.redactor)
        let replies = BlockingPopLink(
            plan.broker.configuration.named(GatewayLink.replies.rawValue),
            key: celery.key(replyKey),
            onEvent: { later.gateway?.repliesLink($0) },
            onItem: { later.gateway?.controlReply($0) },
            onRefused: { later.gateway?.repliesRefused($0) })
        self.replies = replies
        var limits = FleetLimits()
        limits.ghostSeconds = plan.workerGoneAfter
        limits.flowerTasks = plan.flowerTasks
        limits.visibilityTimeout = plan.visibilityTimeout
        limits.prioritySteps = plan.naming.steps
        let links = (broker, results)
        let passwords = PasswordWorkers()
        gateway = try Gateway(
            edges: Gateway.Edges(
                broker: broker, results: results,
                access: TokenAccess(
                    store: store, secrets: secrets, passwords: passwords, logger: log),
                commandRecords: store, audit: store, revokes: store, trash: store, pauses: store,
                recordsHealth: store,
                secrets: secrets,
                openID: plan.openID.map {
                    OpenIDProvider(
                        settings: $0, secret: plan.openIDSecret, web: HttpsClient(),
                        signatures: OpenSSLSignatures())
                },
                firstAdmin: try setup.map {
                    try FirstAdminDesk(
                        $0, store: store, secrets: secrets, passwords: passwords, logger: log)
                },
                cost: { Self.sum(links.0.statistics, links.1.statistics, replies.statistics) }),
            options: GatewayOptions(
                celery: celery, brokerName: plan.broker.description, replyKey: replyKey,
                origin: "celeriac@\(ProcessInfo.processInfo.hostName)", version: celeriacVersion,
                allowedOrigins: plan.allowedOrigins,
                refreshInterval: .seconds(plan.inspectInterval), costCeiling: plan.costCeiling,
                unverified: plan.routes.unverified,
                openAddress: plan.openAddress, fleetLimits: limits,
                eventLogBytes: plan.eventLog << 20,
                connectionsPerPrincipal: plan.connectionsPerPrincipal,
                resumeURL: plan.resumeURL),
            clock: clock, log: log)
        let gateway = gateway
        later.gateway = gateway
        broker.onEvent = { gateway.brokerLink($0) }
        results.onEvent = { gateway.resultsLink($0) }
        let decoder = SharedEventDecoder(redactor: plan.redactor)
        let counters = gateway.ingest
        events = Subscription<CeleryEvent>(
            plan.broker.configuration.named(GatewayLink.events.rawValue),
            patterns: celery.eventPatterns,
            probeThrough: broker,
            decode: { _, payload, items in counters.note(decoder.decode(payload, into: &items)) },
            onEvent: { gateway.receive($0) })
        let prefix = celery.resultPrefix
        let redactor = plan.redactor
        resultNews = Subscription<TaskResult>(
            plan.results.configuration.named(GatewayLink.resultNews.rawValue),
            patterns: [celery.resultPattern],
            probeThrough: results,
            decode: { channel, payload, items in
                guard let id = ResultKeys.taskID(channel, prefix: prefix),
                    let result = ResultDecoder.decode(
                        bytes(of: payload), id: id, redactor: redactor)
                else { return }
                items.append(result)
            },
            onEvent: { gateway.receive($0) })
    }

    @LoopActor private final class Later {
        weak var gateway: Gateway?
    }

    private static func sum(_ links: LinkStatistics...) -> BrokerCost {
        links.reduce(into: BrokerCost()) { cost, link in
            cost.commands += link.commands
            cost.publishes += link.publishes
            cost.bytes += link.bytesIn + link.bytesOut
        }
    }

    /// Starts everything; ends the process if the port cannot be had.
    ///
    /// - Parameter setup: the code of the link to print, if there is no admin yet.
    func start(setup: SetupCode?) async throws {
        var limits = SocketServerLimits()
        limits.connections = min(
            limits.connections, DescriptorLimit.connections(within: DescriptorLimit.raise()))
        if let most = plan.socketsPerAddress { limits.allow(perAddress: most) }
        let server = try SocketServer(
            configuration: SocketServerConfiguration(
                address: plan.address, port: plan.port, webRoot: plan.webRoot,
                isWatchingWebRoot: true, trustedProxies: plan.trustedProxies,
                identity: plan.tls.map {
                    .init(
                        certificatePath: $0.certificate, privateKeyPath: $0.key,
                        clientAuthorityPath: plan.clientAuthority)
                }, limits: limits),
            handler: gateway, logger: log)
        self.server = server
        gateway.output = server
        watchSignals()
        pruning = LoopTimer(after: .seconds(5), every: .seconds(60)) { [store, log] in
            Task {
                do {
                    while try await store.prune(now: SteadyClock.shared.now) > 0 {}
                } catch {
                    log.error("old records are not pruned", metadata: ["error": "\(error)"])
                }
            }
        }
        await gateway.start()
        broker.start()
        results.start()
        replies.start()
        events.start()
        resultNews.start()
        log.info("listening", metadata: ["address": "\(server.boundAddress)"])
        if let setup {
            // Not through the log: a log is kept and sent elsewhere, and this opens the door.
            let scheme = plan.tls == nil ? "http" : "https"
            let line =
                "Open \(scheme)://\(server.boundAddress)/#setup=\(setup.text) within the hour to make the first admin\n"
            FileHandle.standardError.write(Data(line.utf8))
        }
    }

    private func watchSignals() {
        signals = [
            LoopSignal(SIGTERM) { [weak self] in self?.drain() },
            LoopSignal(SIGINT) { [weak self] in self?.drain() },
            LoopSignal(SIGHUP) { [weak self] in self?.reload() },
            LoopSignal(SIGPIPE) {},
            // A file that may not grow (RLIMIT_FSIZE): its write fails, as on a full disk.
            LoopSignal(SIGXFSZ) {},
        ]
    }

    /// Reads the certificate anew; connections that are open keep theirs.
    private func reload() {
        guard let tls = plan.tls else {
            log.info("SIGHUP: nothing to reload")
            return
        }
        do {
            let pair = try CertificatePair(certificate: tls.certificate, key: tls.key)
            try server?.reloadIdentity()
            log.info("certificate reloaded", metadata: ["days": "\(pair.daysLeft)"])
        } catch let error as CredentialError {
            log.error("the old certificate stays", metadata: ["error": "\(error.message)"])
        } catch {
            log.error("the old certificate stays", metadata: ["error": "\(error)"])
        }
    }

    /// Lets the clients go, then the loop; a second signal does not wait for them.
    private func drain() {
        guard !isDraining else {
            EventLoop.shared.stop()
            return
        }
        isDraining = true
        log.info("draining", metadata: ["clients": "\(server?.socketCount ?? 0)"])
        gateway.drain { [weak self] in
            Task { @LoopActor in await self?.stop() }
        }
    }

    private func stop() async {
        events.stop()
        resultNews.stop()
        replies.stop()
        broker.stop()
        results.stop()
        await server?.stop()
        log.info("stopped")
        EventLoop.shared.stop()
    }
}

/// The bytes behind a span, for decoders that keep them.
private func bytes(of span: Span<UInt8>) -> [UInt8] {
    var copy: [UInt8] = []
    copy.reserveCapacity(span.count)
    for index in span.indices { copy.append(span[index]) }
    return copy
}
