internal import ArgumentParser
internal import Foundation
internal import Histogram
internal import WireFormats

/// Publishes events as a worker would, and measures until a client has parsed the row of each.
struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Event published in Redis -> row parsed by each client.")

    /// Clients one run may open.
    static let clientLimit = 2_000

    @Option(help: "redis://127.0.0.1:PORT/DB") var broker: String
    @Option(help: "ws://127.0.0.1:PORT/ws/v1") var gateway: String
    @Option(help: "File of bearer tokens, one a line.") var tokens: String
    @Option(help: "WebSocket clients.") var clients = 100
    @Option(help: "Events a second.") var rate = 500
    @Option(help: "Seconds of measuring.") var seconds = 20
    @Option(help: "Target for the 99th percentile, milliseconds.") var target = 100.0

    func run() throws {
        guard 1...Self.clientLimit ~= clients, 1...20_000 ~= rate, 1...600 ~= seconds else {
            throw ValidationError("clients 1-\(Self.clientLimit), rate 1-20000, seconds 1-600")
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
                host: host, port: UInt16(port), token: String(secrets[$0 % secrets.count]))
        }
        try measure(opened, publisher)
    }

    private func measure(_ clients: [GatewayClient], _ publisher: EventPublisher) throws {
        var histogram = Histogram<UInt64>(
            highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        var rowsSeen = 0
        var isMeasuring = false
        let record = { (message: JsonValue) in
            guard message["method"] == "view.delta", let rows = message["params"]?["new"]?.array
            else { return }
            let now = Self.microseconds
            for row in rows {
                guard let id = row.array?.last?["id"]?.string,
                    let sent = EventPublisher.time(of: id),
                    isMeasuring
                else { continue }
                rowsSeen += 1
                histogram.record(UInt64(max(1, now - sent)))
            }
        }
        for client in clients { try client.drainBuffer(record) }
        var polls = clients.map {
            pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0)
        }
        let began = Self.microseconds
        let warmUp: Int64 = 3_000_000
        let end = began + warmUp + Int64(seconds) * 1_000_000
        var published = 0
        var counted = 0
        var framesBefore = 0
        // After the last event, one more second for its frames.
        while Self.microseconds < end + 1_000_000 {
            let now = Self.microseconds
            if !isMeasuring, now - began >= warmUp {
                guard clients.allSatisfy(\.isLive) else { throw LoadError("a client is not live") }
                isMeasuring = true
                framesBefore = clients.reduce(0) { $0 + $1.frames }
            }
            let due = now < end ? Int((now - began) * Int64(rate) / 1_000_000) : published
            while published < due {
                try publisher.publish(at: Self.microseconds)
                published += 1
                if isMeasuring { counted += 1 }
            }
            guard unsafe poll(&polls, nfds_t(polls.count), 1) > 0 else { continue }
            for index in polls.indices where polls[index].revents != 0 {
                try clients[index].receive(record)
            }
        }
        let frames = clients.reduce(0) { $0 + $1.frames } - framesBefore
        try report(histogram, events: counted, rows: rowsSeen, frames: frames)
    }

    private func report(
        _ histogram: Histogram<UInt64>, events: Int, rows: Int, frames: Int
    ) throws {
        func milliseconds(_ percentile: Double) -> Double {
            Double(histogram.valueAtPercentile(percentile)) / 1000
        }
        let p99 = milliseconds(99)
        print(
            """
            \(clients) clients, \(rate) events/s asked, \(seconds) s: \(events) events published, \
            \(rows) rows parsed (\(events * clients) if every client sees every event), \(frames) frames
            event published -> row parsed, ms: p50 \(milliseconds(50))  p90 \(milliseconds(90))  \
            p99 \(p99)  p99.9 \(milliseconds(99.9))  max \(Double(histogram.max) / 1000)
            """)
        let share = Double(rows) / Double(max(1, events * clients))
        guard share > 0.999 else {
            throw LoadError(
                "only \(share * 100) % of the rows were seen: the figures are not valid")
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

/// Publishes `task-received` events whose task id says when they were sent.
final class EventPublisher {
    private let socket: TcpSocket
    private let channel: [UInt8]
    private var number = 0
    private let run = UInt32.random(in: 0...UInt32.max)

    init(host: String, port: UInt16, channel: String) throws {
        socket = try TcpSocket(host: host, port: port)
        self.channel = Array(channel.utf8)
    }

    /// Publishes one event.
    ///
    /// - Parameter time: microseconds of the measuring clock.
    func publish(at time: Int64) throws {
        number += 1
        let id = "load-\(time)-\(run)-\(number)"
        var body = JsonWriter()
        body.value([
            [
                "type": "task-received", "uuid": .string(id), "hostname": "load@bench",
                "timestamp": .number(Date().timeIntervalSince1970), "utcoffset": 0, "pid": 1,
                "clock": .integer(Int64(number)), "name": "load.task", "args": "()",
                "kwargs": "{}", "root_id": .string(id), "parent_id": nil, "retries": 0,
                "eta": nil, "expires": nil,
            ]
        ])
        var message = JsonWriter()
        message.beginObject()
        message.name("body")
        message.base64(body.bytes)
        message.member("content-encoding", "utf-8")
        message.member("content-type", "application/json")
        message.member("headers", ["hostname": "load@bench"] as JsonValue)
        message.member(
            "properties",
            [
                "delivery_mode": 1, "body_encoding": "base64", "delivery_tag": .string(id),
                "delivery_info": ["exchange": "celeryev", "routing_key": "task.multi"],
                "priority": 0,
            ] as JsonValue)
        message.endObject()
        var command = Array("*3\r\n$7\r\nPUBLISH\r\n$\(channel.count)\r\n".utf8) + channel
        command += Array("\r\n$\(message.bytes.count)\r\n".utf8) + message.bytes + [13, 10]
        try socket.write(command)
        // `:1\r\n`: the reply is short and at once.
        _ = try socket.read(limit: 64)
    }

    /// When an event of ours was sent, from its task id.
    static func time(of id: String) -> Int64? {
        let parts = id.split(separator: "-")
        guard parts.count == 4, parts[0] == "load" else { return nil }
        return Int64(parts[1])
    }
}
