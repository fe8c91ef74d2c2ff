internal import ArgumentParser
internal import Foundation
internal import Histogram
internal import WireFormats

/// Publishes events as a worker would, and measures until each client has parsed the row of each.
struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Event published in Redis -> row parsed by each client.")

    /// Clients one run may open.
    static let clientLimit = 2_000
    /// Microseconds of publishing before the first measured event, and of waiting for the last one.
    private static let warmUp: Int64 = 3_000_000
    private static let patience: Int64 = 5_000_000
    /// Share of rows that may come twice: the protocol allows it for clients that fell behind (R18).
    private static let repeatShare = 0.001

    @Option(help: "redis://127.0.0.1:PORT/DB") var broker: String
    @Option(help: "ws://127.0.0.1:PORT/ws/v1") var gateway: String
    @Option(help: "File of bearer tokens, one a line.") var tokens: String
    @Option(help: "WebSocket clients.") var clients = 100
    @Option(help: "Events a second.") var rate = 500
    @Option(help: "Seconds of measuring.") var seconds = 20
    @Option(help: "Deltas a second that each client asks for.") var maxHz = 20
    @Option(help: "Target for the 99th percentile, milliseconds.") var target = 100.0

    func run() throws {
        guard 1...Self.clientLimit ~= clients, 1...20_000 ~= rate, 1...600 ~= seconds,
            1...30 ~= maxHz
        else {
            throw ValidationError(
                "clients 1-\(Self.clientLimit), rate 1-20000, seconds 1-600, max-hz 1-30")
        }
        guard let page = URL(string: gateway), let host = page.host, let port = page.port,
            let store = URL(string: broker), let redisHost = store.host
        else { throw ValidationError("give --gateway ws://127.0.0.1:PORT/ws/v1 and --broker") }
        let secrets = try String(contentsOfFile: tokens, encoding: .utf8).split(separator: "\n")
        guard !secrets.isEmpty else { throw ValidationError("no token in \(tokens)") }
        let channel = "/\(Int(store.path.dropFirst()) ?? 0).celeryev/task.multi"
        let publisher = try EventPublisher(
            host: redisHost, port: UInt16(store.port ?? 6379), channel: channel)
        let opened = try (0..<clients).map {
            try GatewayClient(
                host: host, port: UInt16(port), token: String(secrets[$0 % secrets.count]),
                maxHz: maxHz)
        }
        try measure(opened, publisher)
    }

    private func measure(_ clients: [GatewayClient], _ publisher: EventPublisher) throws {
        var tally = LatencyTally(clients: clients.count)
        var polls = clients.map {
            pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0)
        }
        let began = Self.microseconds
        let end = began + Self.warmUp + Int64(seconds) * 1_000_000
        var isMeasuring = false
        var before = (frames: 0, bytes: 0)
        // Between any two clients as well: a burst of frames must not hold events back.
        func publishDue() throws {
            let now = Self.microseconds
            let due = Int((min(now, end) - began) * Int64(rate) / 1_000_000)
            while tally.next < due {
                let number = tally.next
                tally.willPublish(at: Self.microseconds)
                try publisher.publish(number)
            }
        }
        func take(_ message: JsonValue, client: Int) {
            let now = Self.microseconds
            GatewayClient.forEachRow(of: message) { id in
                guard let event = publisher.number(of: id) else { return }
                tally.saw(event, client: client, at: now)
            }
        }
        while true {
            let now = Self.microseconds
            if !isMeasuring, now - began >= Self.warmUp {
                guard clients.allSatisfy(\.isLive) else { throw LoadError("a client is not live") }
                tally.beginMeasuring()
                isMeasuring = true
                before = Self.received(clients)
            }
            if now >= end, tally.sights == tally.expected || now >= end + Self.patience { break }
            try publishDue()
            guard unsafe poll(&polls, nfds_t(polls.count), 1) > 0 else { continue }
            for index in polls.indices where polls[index].revents != 0 {
                try clients[index].receive { take($0, client: index) }
                try publishDue()
            }
        }
        let after = Self.received(clients)
        try report(tally, frames: after.frames - before.frames, bytes: after.bytes - before.bytes)
    }

    private static func received(_ clients: [GatewayClient]) -> (frames: Int, bytes: Int) {
        clients.reduce(into: (0, 0)) { sum, client in
            sum.0 += client.frames
            sum.1 += client.bytes
        }
    }

    private func report(_ tally: LatencyTally, frames: Int, bytes: Int) throws {
        func milliseconds(_ percentile: Double) -> Double {
            Double(tally.histogram.valueAtPercentile(percentile)) / 1000
        }
        let p99 = milliseconds(99)
        let missing = tally.expected - tally.sights
        print(
            """
            \(clients) clients at most \(maxHz) times a second, \(rate) events/s asked, \(seconds) s
            events published: \(tally.events); to be seen: \(tally.expected); seen: \(tally.sights); \
            missing: \(missing); sent again: \(tally.repeats)
            frames: \(frames); bytes: \(bytes); rows per frame: \
            \(Double(tally.sights * 10 / max(1, frames)) / 10)
            event published -> row parsed, ms: p50 \(milliseconds(50))  p90 \(milliseconds(90))  \
            p99 \(p99)  p99.9 \(milliseconds(99.9))  max \(Double(tally.histogram.max) / 1000)
            """)
        var result = JsonWriter()
        result.value([
            "events": .integer(Int64(tally.events)), "expected": .integer(Int64(tally.expected)),
            "missing": .integer(Int64(missing)), "again": .integer(Int64(tally.repeats)),
            "frames": .integer(Int64(frames)), "bytes": .integer(Int64(bytes)),
            "p50": .number(milliseconds(50)), "p90": .number(milliseconds(90)),
            "p99": .number(p99), "p999": .number(milliseconds(99.9)),
            "max": .number(Double(tally.histogram.max) / 1000),
        ])
        print("result: \(String(decoding: result.bytes, as: UTF8.self))")
        guard missing == 0, tally.expected > 0 else {
            throw LoadError("\(missing) of \(tally.expected) rows were not seen")
        }
        guard Double(tally.repeats) <= Double(tally.expected) * Self.repeatShare else {
            throw LoadError("\(tally.repeats) rows were sent to a client that had them")
        }
        guard p99 <= target else {
            throw LoadError("p99 \(p99) ms is above the target of \(target) ms")
        }
        print("target p99 <= \(target) ms: met")
    }

    /// One clock for publisher and clients: they are one process.
    private static var microseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}
