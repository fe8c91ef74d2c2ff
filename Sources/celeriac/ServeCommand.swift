internal import ArgumentParser
internal import Credentials
internal import EventLoop
internal import Foundation
internal import Logging
internal import Ports
internal import Records
internal import WireFormats

/// Runs the gateway until SIGTERM or SIGINT.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the gateway.")

    @Option(help: "Broker URL, as Celery takes it.") var broker: String?
    @Option(help: "Result backend URL; the broker if it is not given.") var resultBackend: String?
    @Option(help: "HOST:PORT to listen on; port 0 takes a free one.") var listen: String?
    @Option(help: "Directory of the records.") var data: String?
    @Option(help: "Directory of the web pages.") var web: String?

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let broker = BrokerRoute(
            try BrokerURL(
                broker ?? environment["CELERIAC_BROKER"] ?? "redis://localhost:6379/0",
                role: .broker))
        let results = resultBackend ?? environment["CELERIAC_RESULT_BACKEND"]
        let listen = listen ?? environment["CELERIAC_LISTEN"] ?? "127.0.0.1:8555"
        let parts = listen.split(separator: ":")
        LogOutput.start(level: .info)
        let log = Logger(label: "celeriac")
        let secrets = OpenSSLSecrets()
        let store = try RecordStore(
            directory: data ?? environment["CELERIAC_DATA"] ?? "celeriac-data", purpose: .gateway,
            secrets: secrets)
        let plan = GatewayProcess.Plan(
            broker: broker,
            results: try results.map { BrokerRoute(try BrokerURL($0, role: .resultBackend)) }
                ?? broker,
            address: String(parts[0]), port: UInt16(parts[1]) ?? 8555,
            webRoot: web ?? environment["CELERIAC_WEB"] ?? "web", allowedOrigins: [],
            socketsPerAddress: environment["CELERIAC_SOCKETS_PER_ADDRESS"].flatMap { Int($0) })
        Task { @LoopActor in
            do {
                let first = try await FirstStart.prepare(store, now: Date().timeIntervalSince1970)
                let process = try GatewayProcess(plan, store: store, secrets: secrets, log: log)
                var link: LoginCode?
                if case .link(let code) = first { link = code }
                try await process.start(link: link)
                Running.process = process
            } catch {
                log.critical("the gateway cannot start", metadata: ["error": "\(error)"])
                Foundation.exit(1)
            }
        }
        EventLoop.shared.run()
    }
}

@LoopActor enum Running {
    static var process: GatewayProcess?
}
