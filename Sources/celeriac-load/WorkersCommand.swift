internal import ArgumentParser
internal import Foundation
internal import Histogram
internal import WireFormats

/// Watches what real workers tell, and measures how late each client has parsed it: the time of an event is
/// the worker's own, in the event. Workers and clients must be on one machine.
struct WorkersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Event made by a real worker -> row parsed by each client.")

    /// Seconds of watching before the first measured task, and after the last one.
    private static let warmUp = 3.0
    private static let patience = 5.0

    @Option(help: "ws://127.0.0.1:PORT/ws/v1") var gateway: String
    @Option(help: "File of bearer tokens, one a line.") var tokens: String
    @Option(help: "WebSocket clients.") var clients = 100
    @Option(help: "Seconds of measuring.") var seconds = 20
    @Option(help: "Deltas a second that each client asks for.") var maxHz = 20
    @Option(help: "Events a second that the workers must have made, at least.") var leastRate = 1
    @Option(help: "Target for the 99th percentile, milliseconds.") var target = 100.0

    func run() throws {
        guard 1...LatencyCommand.clientLimit ~= clients, 1...600 ~= seconds, 1...30 ~= maxHz else {
            throw ValidationError(
                "clients 1-\(LatencyCommand.clientLimit), seconds 1-600, max-hz 1-30")
        }
        guard let page = URL(string: gateway), let host = page.host, let port = page.port else {
            throw ValidationError("give --gateway ws://127.0.0.1:PORT/ws/v1")
        }
        let secrets = try String(contentsOfFile: tokens, encoding: .utf8).split(separator: "\n")
        guard !secrets.isEmpty else { throw ValidationError("no token in \(tokens)") }
        let opened = try (0..<clients).map {
            try GatewayClient(
                host: host, port: UInt16(port), token: String(secrets[$0 % secrets.count]),
                maxHz: maxHz)
        }
        try report(try watch(opened))
    }

    private func watch(_ clients: [GatewayClient]) throws -> SightTally {
        let begin = Self.now + Self.warmUp
        let end = begin + Double(seconds)
        var tally = SightTally(clients: clients.count, span: begin...end)
        var polls = clients.map {
            pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0)
        }
        // Until every client has seen the end of every task that was received in time.
        while Self.now < end || (tally.missing > 0 && Self.now < end + Self.patience) {
            guard unsafe poll(&polls, nfds_t(polls.count), 10) > 0 else { continue }
            for index in polls.indices where polls[index].revents != 0 {
                try clients[index].receive { message in
                    let moment = Self.now
                    GatewayClient.forEachChange(of: message) { handle, name, value in
                        guard let fact = SightTally.Fact(rawValue: name), let time = value.double
                        else { return }
                        tally.saw(fact, at: time, of: handle, client: index, moment: moment)
                    }
                }
            }
        }
        guard clients.allSatisfy(\.isLive) else { throw LoadError("a client is not live") }
        return tally
    }

    private func report(_ tally: SightTally) throws {
        let events = Double(tally.tasks * SightTally.Fact.allCases.count) / Double(seconds)
        print(
            """
            \(clients) clients at most \(maxHz) times a second, \(seconds) s
            tasks: \(tally.tasks), so \(Int(events)) events/s of workers; to be seen of each: \
            \(tally.expected); missing: \(tally.missing)
            """)
        var worst = 0.0
        var members: [JsonMember] = [
            JsonMember("tasks", .integer(Int64(tally.tasks))),
            JsonMember("eventsPerSecond", .number(events)),
            JsonMember("missing", .integer(Int64(tally.missing))),
        ]
        for (fact, histogram) in zip(SightTally.Fact.allCases, tally.histograms) {
            func milliseconds(_ percentile: Double) -> Double {
                Double(histogram.valueAtPercentile(percentile)) / 1000
            }
            let figures = [50, 90, 99, 99.9].map(milliseconds)
            print(
                "task-\(fact) made -> parsed, ms: p50 \(figures[0])  p90 \(figures[1])  "
                    + "p99 \(figures[2])  p99.9 \(figures[3])  max \(Double(histogram.max) / 1000)")
            worst = max(worst, figures[2])
            members.append(
                JsonMember(
                    fact.rawValue,
                    .array(
                        (figures + [Double(histogram.max) / 1000]).map { .number($0) })))
        }
        var result = JsonWriter()
        result.value(.object(members))
        print("result: \(String(decoding: result.bytes, as: UTF8.self))")
        guard tally.missing == 0, tally.tasks > 0 else {
            throw LoadError("\(tally.missing) times of \(tally.tasks) tasks were not seen")
        }
        guard events >= Double(leastRate) else {
            throw LoadError("only \(Int(events)) events/s were made, not \(leastRate)")
        }
        guard worst <= target else {
            throw LoadError("p99 \(worst) ms is above the target of \(target) ms")
        }
        print("target p99 <= \(target) ms: met")
    }

    /// Unix seconds: the clock that workers write into their events.
    private static var now: Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
