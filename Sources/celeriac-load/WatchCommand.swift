internal import ArgumentParser
internal import Foundation

/// Looks at a gateway with many clients until its input ends: load beside another measurement.
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Many clients that look on, until the input ends.")

    /// Clients one run may open.
    static let clientLimit = 2_000

    @Option(help: "ws://127.0.0.1:PORT/ws/v1") var gateway: String
    @Option(help: "File of bearer tokens, one a line.") var tokens: String
    @Option(help: "WebSocket clients.") var clients = 1_000
    @Option(help: "Deltas a second that each client asks for.") var maxHz = 4
    @Option(help: "Newest tasks that each client looks at.") var rows = 50

    func run() throws {
        guard 1...Self.clientLimit ~= clients, 1...30 ~= maxHz, 1...200 ~= rows else {
            throw ValidationError("clients 1-\(Self.clientLimit), max-hz 1-30, rows 1-200")
        }
        guard let page = URL(string: gateway), let host = page.host, let port = page.port else {
            throw ValidationError("give --gateway ws://127.0.0.1:PORT/ws/v1")
        }
        let secrets = try String(contentsOfFile: tokens, encoding: .utf8).split(separator: "\n")
        guard !secrets.isEmpty else { throw ValidationError("no token in \(tokens)") }
        let opened = try (0..<clients).map {
            try GatewayClient(
                host: host, port: UInt16(port), token: String(secrets[$0 % secrets.count]),
                maxHz: maxHz, rows: rows)
        }
        try watch(opened)
        let frames = opened.reduce(0) { $0 + $1.frames }
        let bytes = opened.reduce(0) { $0 + $1.bytes }
        say("frames: \(frames) bytes: \(bytes)")
    }

    /// At once, though the output may be a pipe.
    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }

    private func watch(_ clients: [GatewayClient]) throws {
        var polls = clients.map {
            pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0)
        }
        polls.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0))
        var isLive = false
        while true {
            guard unsafe poll(&polls, nfds_t(polls.count), 1_000) > 0 else { continue }
            for index in clients.indices where polls[index].revents != 0 {
                try clients[index].receive { _ in }
            }
            if polls[clients.count].revents != 0 { return }
            if !isLive, clients.allSatisfy(\.isLive) {
                isLive = true
                say("live")
            }
        }
    }
}
