internal import ArgumentParser
internal import Foundation
internal import WireFormats

/// Clients of every kind look at one gateway while events are published; in the end what each of them was
/// told is compared with what the gateway says.
struct CrowdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crowd",
        abstract: "Many clients of all kinds; in the end each must know what the gateway knows.")

    /// Clients one run may open.
    static let clientLimit = 10_000

    @Option(help: "redis://127.0.0.1:PORT/DB") var broker: String
    @Option(help: "ws://127.0.0.1:PORT/ws/v1") var gateway: String
    @Option(help: "File of bearer tokens, one a line, as `ROLE TOKEN`.") var tokens: String
    @Option(help: "Pages of the dashboard.") var browsers = 100
    @Option(help: "Pages of the dashboard without a list of tasks.") var overviews = 0
    @Option(help: "Lists of tasks without anything else.") var tables = 0
    @Option(help: "Wall displays.") var walls = 0
    @Option(help: "Programs that read every event.") var bots = 0
    @Option(help: "Browsers that read 1,000 bytes a second.") var slow = 0
    @Option(help: "Events a second; 0 if another run publishes them.") var rate = 500
    @Option(help: "Seconds of measuring.") var seconds = 10
    @Option(help: "Process id of the gateway: its CPU time is measured.") var process: Int?
    @Option(help: "Seconds before measuring.") var warmUp = 3
    @Option(help: "Seconds that clients get in the end to know everything.") var patience = 15
    @Option(help: "File for every frame that clients send or get, one a line.") var record: String?
    @Flag(help: "Lets one client lose its deltas: the run must then fail.") var losesDeltas = false
    @Flag(help: "Lets one bot lose a batch: the run must then fail.") var losesBatch = false

    func run() throws {
        let counts = [
            (CrowdKind.browser, browsers), (.overview, overviews), (.table, tables),
            (.wall, walls), (.bot, bots), (.slow, slow),
        ]
        let total = counts.reduce(0) { $0 + $1.1 }
        guard counts.allSatisfy({ $0.1 >= 0 }), 1...Self.clientLimit ~= total,
            0...20_000 ~= rate, 1...4_000 ~= seconds,
            0...60 ~= warmUp, 0...60 ~= patience
        else {
            throw ValidationError(
                "clients 1-\(Self.clientLimit) together, rate 0-20000, seconds 1-4000, "
                    + "warm-up and patience 0-60")
        }
        guard let page = URL(string: gateway), let host = page.host, let port = page.port,
            let store = URL(string: broker), let redisHost = store.host
        else { throw ValidationError("give --gateway ws://127.0.0.1:PORT/ws/v1 and --broker") }
        let secrets = try CrowdTokens(file: tokens)
        let publisher = try EventPublisher(
            host: redisHost, port: UInt16(store.port ?? 6379),
            channel: "/\(Int(store.path.dropFirst()) ?? 0).celeryev/task.multi")
        let run = try CrowdRun(
            publisher: publisher, rate: rate, seconds: seconds,
            process: process, warmUp: warmUp, patience: patience,
            reconciler: Reconciler(
                host: host, port: UInt16(port), token: try secrets.token(of: .browser, 0)))
        let recorder = try record.map { try FrameRecorder(path: $0) }
        for (kind, count) in counts {
            for number in 0..<count {
                let token = try secrets.token(of: kind, number)
                try run.open {
                    try CrowdClient(
                        kind: kind, host: host, port: UInt16(port), token: token, recorder: recorder
                    )
                }
            }
        }
        run.losesDeltas = losesDeltas
        run.losesBatch = losesBatch
        try run.measure()
    }
}

/// The tokens that a run may use.
struct CrowdTokens {
    private var byRole: [String: [String]] = [:]

    /// Reads lines of `ROLE TOKEN`.
    init(file: String) throws {
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { throw LoadError("no `ROLE TOKEN` in \(file)") }
            byRole[String(words[0]), default: []].append(String(words[1]))
        }
    }

    /// A token for a client; clients of one kind take turns.
    func token(of kind: CrowdKind, _ number: Int) throws -> String {
        let role =
            switch kind {
            case .browser, .overview, .table, .slow: "operator"
            case .wall: "wall"
            case .bot: "bot"
            }
        guard let tokens = byRole[role], !tokens.isEmpty else {
            throw LoadError("no token of role \(role)")
        }
        return tokens[number % tokens.count]
    }
}
