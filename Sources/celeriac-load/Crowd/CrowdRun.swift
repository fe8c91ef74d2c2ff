internal import Foundation
internal import Histogram
internal import WireFormats

/// One run of a crowd: warms up, measures, stops to publish, and compares.
final class CrowdRun {
    /// Below what a gateway takes in a second.
    private static let openedPerSecond: Int64 = 400
    /// Microseconds between two reads of a slow client.
    private static let slowPause: Int64 = 1_000_000
    /// The row of `stats` that counts the events of this run, and its field.
    private static let counted = "total:RECEIVED"

    private var clients: [CrowdClient] = []
    private var openedAt: Int64 = 0
    private let publisher: EventPublisher
    private let rate: Int
    private let seconds: Int
    private let process: Int?
    /// Microseconds before measuring.
    private let warmUp: Int64
    /// Microseconds that clients get, after the last event, to know everything.
    private let patience: Int64
    private let reconciler: Reconciler
    private var cache = FrameCache()
    private var publishedAt: [Int64] = []
    /// What the gateway had counted before this run.
    private var counted = 0
    private var isPublishing = false
    private var isMeasuring = false
    private var histograms: [CrowdKind: Histogram<UInt64>] = [:]
    /// Events each bot has seen; they must come in order, each once.
    private var seen: [Int] = []
    /// The newest count that each client was told.
    private var told: [Int] = []
    private var faults: [String] = []
    /// Lets one client lose its deltas, and one bot a batch, once measuring has begun.
    var losesDeltas = false
    var losesBatch = false

    init(
        publisher: EventPublisher, rate: Int, seconds: Int, process: Int?,
        warmUp: Int, patience: Int, reconciler: Reconciler
    ) {
        self.publisher = publisher
        self.rate = rate
        self.seconds = seconds
        self.process = process
        self.warmUp = Int64(warmUp) * 1_000_000
        self.patience = Int64(patience) * 1_000_000
        self.reconciler = reconciler
        for kind in CrowdKind.allCases {
            histograms[kind] = Histogram(
                highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: .three)
        }
    }

    /// Opens another client, not more than a few in a hundredth of a second, and reads meanwhile what the
    /// others are sent: they must acknowledge it.
    func open(_ make: () throws -> CrowdClient) throws {
        while Self.microseconds < openedAt + 1_000_000 / Self.openedPerSecond { try pump() }
        openedAt = Self.microseconds
        clients.append(try make())
        seen.append(0)
        told.append(0)
    }

    func measure() throws {
        try untilLive()
        counted = try receivedCount()
        let before = try publishAll()
        let after = figures()
        try reconcile()
        report(before, after)
        guard faults.isEmpty else {
            throw LoadError("\(faults.count) faults:\n" + faults.prefix(10).joined(separator: "\n"))
        }
        print("every client knows what the gateway knows; no event is missing")
    }

    // MARK: - Phases

    private func untilLive() throws {
        let end = Self.microseconds + 60_000_000
        while !clients.allSatisfy(\.isLive) {
            guard Self.microseconds < end else {
                throw LoadError("some client is not live after 60 s")
            }
            try pump()
        }
    }

    /// Publishes at the rate, first to warm up.
    ///
    /// - Returns: the figures when measuring began.
    private func publishAll() throws -> Figures {
        isPublishing = true
        defer { isPublishing = false }
        let began = Self.microseconds
        let end = began + warmUp + Int64(seconds) * 1_000_000
        var before = figures()
        while true {
            let now = Self.microseconds
            if !isMeasuring, now - began >= warmUp {
                isMeasuring = true
                if losesDeltas { clients.first { $0.kind != .bot }?.losesDeltas = true }
                before = figures()
            }
            try publishDue(began, min(now, end))
            if now >= end { return before }
            try pump { try self.publishDue(began, min(Self.microseconds, end)) }
        }
    }

    private func publishDue(_ began: Int64, _ now: Int64) throws {
        let due = Int((now - began) * Int64(rate) / 1_000_000)
        while publishedAt.count < due {
            let number = publishedAt.count
            publishedAt.append(Self.microseconds)
            try publisher.publish(number)
        }
    }

    /// Waits until every client knows what the gateway knows, or says who does not.
    private func reconcile() throws {
        isMeasuring = false
        let end = Self.microseconds + patience
        var differences: [String] = []
        repeat {
            let settled = Self.microseconds + 1_500_000
            while Self.microseconds < settled { try pump() }
            let wanted = try reconciler.snapshot()
            differences = clients.enumerated().flatMap { number, client in
                reconciler.differences(of: client, wanted).map { "\(client.kind) \(number): \($0)" }
            }
        } while !(differences.isEmpty && missing.isEmpty) && Self.microseconds < end
        faults += differences + missing
    }

    private var missing: [String] {
        clients.indices.compactMap { index in
            guard clients[index].kind == .bot, seen[index] != publishedAt.count else { return nil }
            return "bot \(index) has seen \(seen[index]) of \(publishedAt.count) events"
        }
    }

    // MARK: - Reading

    private func pump(_ between: () throws -> Void = {}) throws {
        let now = Self.microseconds
        var polls = clients.map { client in
            pollfd(
                fd: client.closed == nil && client.readsAt <= now ? client.socket.descriptor : -1,
                events: Int16(POLLIN), revents: 0)
        }
        guard !polls.isEmpty else { return }
        guard unsafe poll(&polls, nfds_t(polls.count), 1) > 0 else { return }
        for index in polls.indices where polls[index].revents != 0 {
            let client = clients[index]
            do {
                try client.receive(&cache) { take($0, $1, index) }
            } catch {
                client.lost()
                faults.append("\(client.kind) \(index): \(error)")
            }
            if client.kind == .slow { client.readsAt = isPublishing ? now + Self.slowPause : 0 }
            if let code = client.closed {
                faults.append("\(client.kind) \(index) was closed with \(code)")
            }
            try between()
        }
    }

    private func take(_ method: String, _ params: JsonValue, _ index: Int) {
        switch method {
        case "events.batch": takeEvents(params, index)
        case "events.gap": faults.append("bot \(index) was told of a gap: \(params.text())")
        case "sub.delta" where params["sub"] == 1, "sub.snap" where params["sub"] == 1:
            takeCount(index)
        default: break
        }
    }

    private func takeEvents(_ params: JsonValue, _ index: Int) {
        if losesBatch, isMeasuring {
            losesBatch = false
            return
        }
        let now = Self.microseconds
        for item in params["items"]?.array ?? [] {
            guard let id = item.array?.last?["uuid"]?.string, let number = publisher.number(of: id)
            else { continue }
            if number == seen[index] {
                seen[index] += 1
            } else {
                faults.append("bot \(index) expected event \(seen[index]) and got \(number)")
                seen[index] = number + 1
            }
            if isMeasuring { histograms[.bot]?.record(UInt64(max(1, now - publishedAt[number]))) }
        }
    }

    /// How old the newest event is that a client's `stats` count.
    private func takeCount(_ index: Int) {
        guard let rows = clients[index].tables[1]?.rows.values,
            let row = rows.first(where: { $0["id"]?.string == Self.counted }),
            let count = row["count"]?.integer
        else { return }
        let newest = Int(count) - counted
        guard newest > told[index], newest <= publishedAt.count else { return }
        told[index] = newest
        guard isMeasuring else { return }
        let age = max(1, Self.microseconds - publishedAt[newest - 1])
        histograms[clients[index].kind]?.record(UInt64(age))
    }

    private func receivedCount() throws -> Int {
        let row = try reconciler.snapshot()["stats"]?[Self.counted]
        return Int(row?["count"]?.integer ?? 0)
    }

    // MARK: - Figures

    private struct Figures {
        let frames: Int
        let bytes: Int
        let cpu: Double
        let at: Int64
    }

    private func figures() -> Figures {
        Figures(
            frames: clients.reduce(0) { $0 + $1.frames },
            bytes: clients.reduce(0) { $0 + $1.bytes },
            cpu: process.flatMap(ServerCpu.seconds) ?? 0, at: Self.microseconds)
    }

    private func report(_ before: Figures, _ after: Figures) {
        let time = Double(after.at - before.at) / 1_000_000
        let (frames, bytes) = (after.frames - before.frames, after.bytes - before.bytes)
        let cpu = after.cpu - before.cpu
        var result: [JsonMember] = [
            JsonMember("clients", .integer(Int64(clients.count))),
            JsonMember("events", .integer(Int64(publishedAt.count))),
            JsonMember("frames", .integer(Int64(frames))),
            JsonMember("bytes", .integer(Int64(bytes))),
            JsonMember("seconds", .number(time)),
            JsonMember("parsed", .integer(Int64(cache.parsed))),
            JsonMember("faults", .integer(Int64(faults.count))),
        ]
        print(
            "\(clients.count) clients, \(rate) events/s: \(frames) frames, \(bytes) bytes in \(time) s"
        )
        if process != nil, cpu > 0 {
            let perMillion = cpu * 1_000_000 / Double(max(1, frames))
            print(
                "gateway: \(cpu) CPU seconds, \(cpu / time) cores, \(perMillion) s per million frames"
            )
            result += [
                JsonMember("cpu", .number(cpu)), JsonMember("perMillion", .number(perMillion)),
            ]
        }
        for kind in CrowdKind.allCases {
            guard let histogram = histograms[kind], histogram.totalCount > 0 else { continue }
            let ms = [50, 90, 99, 99.9].map { Double(histogram.valueAtPercentile($0)) / 1000 }
            print(
                "\(kind): event published -> parsed, ms: p50 \(ms[0])  p90 \(ms[1])  p99 \(ms[2])  "
                    + "p99.9 \(ms[3])  max \(Double(histogram.max) / 1000)  of \(histogram.totalCount)"
            )
            result.append(
                JsonMember(
                    kind.rawValue,
                    ["p50": .number(ms[0]), "p90": .number(ms[1]), "p99": .number(ms[2])]))
        }
        var writer = JsonWriter()
        writer.value(.object(result))
        print("result: \(String(decoding: writer.bytes, as: UTF8.self))")
    }

    /// One clock for publisher and clients: they are one process.
    private static var microseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}
