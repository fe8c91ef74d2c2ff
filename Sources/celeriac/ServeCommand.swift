internal import ArgumentParser
internal import Credentials
internal import EventLoop
internal import Foundation
internal import Gateway
internal import Logging
internal import Ports
internal import Records

/// Runs the gateway until SIGTERM or SIGINT.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway.")

    @OptionGroup var options: ServeSettingsOptions

    func run() throws {
        ProcessMemory.tuneAllocator()
        ProcessMemory.forbidCoreFiles()
        let settings = try options.resolve()
        LogOutput.start(level: settings.logLevel, format: settings.logFormat)
        let log = Logger(label: "celeriac")
        for warning in settings.warnings { log.warning("\(warning)") }
        try WebFolder.check(settings)
        for warning in try TlsFiles.check(settings) { log.warning("\(warning)") }
        let openID = try settings.openID.map(OpenIDFiles.read)
        for warning in openID?.warnings ?? [] { log.warning("\(warning)") }
        let routes = try BrokerRoutes(settings)
        for warning in routes.broker.warnings + (routes.results?.warnings ?? []) {
            log.warning("\(warning)")
        }
        let secrets = OpenSSLSecrets()
        let store = try RecordStore(
            directory: settings.data, purpose: .gateway, secrets: secrets)
        for warning in store.warnings { log.warning("\(warning)") }
        let plan = GatewayProcess.Plan(
            routes: routes,
            address: settings.listen.host, port: settings.listen.port,
            openAddress: settings.isOpen ? "\(settings.listen)" : nil, webRoot: settings.web,
            allowedOrigins: settings.allowedOrigins,
            trustedProxies: settings.trustedProxies, redactor: settings.redactor,
            socketsPerAddress: settings.socketsPerAddress,
            connectionsPerPrincipal: settings.connectionsPerPrincipal,
            resumeURL: settings.resumeURL.isEmpty ? nil : settings.resumeURL,
            keyPrefix: settings.brokerKeyPrefix,
            resultPrefix: settings.resultPrefix,
            visibilityTimeout: Double(settings.visibilityTimeout), naming: settings.naming,
            flowerTasks: settings.flowerTasks, eventLog: settings.eventLog, tls: settings.tls,
            clientAuthority: settings.clientAuthority,
            inspectInterval: settings.inspectInterval, costCeiling: settings.costCeiling,
            workerGoneAfter: Double(settings.workerGoneAfter), openID: settings.openID,
            openIDSecret: openID?.secret)
        Task { @LoopActor in
            do {
                try await Self.refuseUnset(settings, store, log)
                var setup: SetupCode?
                // Whoever is not on this machine must not be able to be first.
                if settings.listen.isLoopback,
                    case .link(let code) = try await FirstStart.prepare(
                        store, now: SteadyClock.shared.now)
                {
                    setup = code
                }
                let ended = try await store.endIdentitySessions(
                    unlessLetInBy: settings.openID?.fingerprint, now: SteadyClock.shared.now)
                if ended > 0 {
                    log.notice(
                        "the settings of OpenID have changed: sessions by it have ended",
                        metadata: ["count": "\(ended)"])
                }
                let process = try GatewayProcess(
                    plan,
                    replyKey: try await ReplyList.key(store, secrets, now: SteadyClock.shared.now),
                    setup: setup, store: store, secrets: secrets, log: log)
                try await process.start(setup: setup)
                Running.process = process
            } catch {
                log.critical("the gateway cannot start", metadata: ["error": "\(error)"])
                Foundation.exit(1)
            }
        }
        EventLoop.shared.run()
    }

    /// Nobody beyond this machine is asked to come first: there must be an admin before, or a provider
    /// that vouches for one. Where all admins have ended since, whoever else has a credential is not
    /// locked out by it.
    private static func refuseUnset(
        _ settings: Settings, _ store: RecordStore, _ log: Logger
    ) async throws {
        guard !settings.listen.isLoopback, settings.openID?.roles.letsIn(.admin) != true,
            try await !store.hasAdmin(now: SteadyClock.shared.now)
        else { return }
        guard try await store.tokens().isEmpty else {
            log.warning(
                "there is no valid admin any more; make one by `celeriac user add NAME --role admin`"
            )
            return
        }
        throw SettingsError(
            .listen, settings.entries.first { $0.name == .listen }?.source ?? .builtIn,
            "\(settings.listen) can be reached from other machines, and there is no admin yet; make one by "
                + "`celeriac user add NAME --role admin --data \(settings.data)`, or listen on 127.0.0.1 and "
                + "open the link that is printed there")
    }
}

/// Keeps the process's parts alive.
@LoopActor enum Running {
    static var process: GatewayProcess?
}
