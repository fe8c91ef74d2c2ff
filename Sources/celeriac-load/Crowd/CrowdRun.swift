internal import Foundation
internal import Histogram
internal import WireFormats

/// One run of a crowd: warms up, measures, stops to publish, and compares.
final class CrowdRun {
    /// Below what a gateway takes in a second.
    private static let openedPerSecond: Int64 = 400
    /// Microseconds between two reads of a slow client.
    private static let slowPause: Int64 = 1_000_000
    /// Bytes of one read of a slow client, and of any other.
    private static let slowBytes = 1_000
    private static let readBytes = 262_144
    /// Microseconds that a row may be on its way, also to a slow client that reads fast again (F9).
    private static let settling: Int64 = 1_000_000
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
    private var outcomes = TableCache()
    private let ready: ReadySockets
    /// Places of slow clients among ``clients``.
    private var slow: [Int] = []
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
    ) throws {
        ready = try ReadySockets()
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
        let client = try make()
        try ready.watch(client.socket.descriptor, as: clients.count)
        if client.kind == .slow { slow.append(clients.count) }
        clients.append(client)
        seen.append(0)
        told.append(0)
    }

    func measure() throws {
        try untilLive()
        counted = try receivedCount()
        let before = try publishAll()
        let after = figures()
        try reconcile()
        let report = CrowdReport(
            clients: clients.count, rate: rate, events: publishedAt.count, before: before,
            after: after, histograms: histograms, faults: faults.count)
        report.print()
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
    private func publishAll() throws -> CrowdFigures {
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
            let first = publishedAt.count
            let next = min(due, first + EventPublisher.most)
            publishedAt += repeatElement(Self.microseconds, count: next - first)
            try publisher.publish(first..<next)
        }
    }

    /// Waits until every client knows what the gateway knows, or says who does not.
    private func reconcile() throws {
        isMeasuring = false
        let end = Self.microseconds + patience
        var differences: [String] = []
        repeat {
            let settled = Self.microseconds + Self.settling
            while Self.microseconds < settled { try pump() }
            let wanted = try reconciler.snapshot()
            differences = reconciler.differences(of: clients, wanted)
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
        try wakeSlow()
        for index in ready.wait(milliseconds: 1) {
            try read(clients[index], index)
            try between()
        }
    }

    private func read(_ client: CrowdClient, _ index: Int) throws {
        let isHeldBack = client.kind == .slow && isPublishing
        do {
            let limit = isHeldBack ? Self.slowBytes : Self.readBytes
            try client.receive(limit: limit, &cache, &outcomes) { take($0, $1, index) }
        } catch {
            client.lost()
            faults.append("\(client.kind) \(index): \(error)")
        }
        if let code = client.closed {
            try ready.forget(client.socket.descriptor)
            faults.append("\(client.kind) \(index) was closed with \(code)")
        } else if isHeldBack {
            client.readsAt = Self.microseconds + Self.slowPause
            try ready.read(false, client.socket.descriptor, as: index)
        }
    }

    /// Lets slow clients read whose pause is over; once the events have stopped, all of them, at full speed.
    private func wakeSlow() throws {
        let now = Self.microseconds
        for index in slow {
            let client = clients[index]
            guard client.readsAt > 0, client.readsAt <= now || !isPublishing,
                client.closed == nil
            else { continue }
            client.readsAt = 0
            try ready.read(true, client.socket.descriptor, as: index)
        }
    }

    private func take(_ method: String, _ params: JsonValue, _ index: Int) {
        switch method {
        case "events.batch": takeEvents(params, index)
        case "events.gap": faults.append("bot \(index) was told of a gap: \(params.text())")
        case "sub.delta" where params["sub"] == 1, "sub.snap" where params["sub"] == 1:
            takeNewest(countedEvents(index), index)
        case "view.delta" where clients[index].kind == .table:
            takeNewest(newestTask(index), index)
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

    /// Events of this run that a client's `stats` count.
    private func countedEvents(_ index: Int) -> Int? {
        guard let rows = clients[index].tables[1]?.rows.values,
            let row = rows.first(where: { $0["id"]?.string == Self.counted }),
            let count = row["count"]?.integer
        else { return nil }
        return Int(count) - counted
    }

    /// Events of this run up to the newest task of a client's window.
    private func newestTask(_ index: Int) -> Int? {
        guard let table = clients[index].tables[CrowdKind.window], let first = table.order.first,
            let id = table.rows[first]?["id"]?.string
        else { return nil }
        return publisher.number(of: id).map { $0 + 1 }
    }

    /// How old the newest event is that a client knows.
    private func takeNewest(_ newest: Int?, _ index: Int) {
        guard let newest, newest > told[index], newest <= publishedAt.count else { return }
        told[index] = newest
        guard isMeasuring else { return }
        let age = max(1, Self.microseconds - publishedAt[newest - 1])
        histograms[clients[index].kind]?.record(UInt64(age))
    }

    private func receivedCount() throws -> Int {
        let row = try reconciler.snapshot()["stats"]?[Self.counted]
        return Int(row?["count"]?.integer ?? 0)
    }

    private func figures() -> CrowdFigures {
        CrowdFigures(of: clients, process: process, parsed: cache.parsed, at: Self.microseconds)
    }

    /// One clock for publisher and clients: they are one process.
    private static var microseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}
