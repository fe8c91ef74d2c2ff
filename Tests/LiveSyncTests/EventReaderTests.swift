import Testing

@testable import LiveSync

@Suite struct EventReaderTests {
    private func event(_ type: String, _ number: Int) -> LoggedEvent {
        LoggedEvent(
            type: type, source: "w", subject: "\(number)", name: nil, queue: nil, receivedAt: 0,
            happenedAt: 0, payload: Array("\(number)".utf8))
    }

    @Test func `a batch size is within the limits`() throws {
        let log = EventLog(epoch: "e")
        for size in [1, log.limits.batchItems] {
            _ = try EventReader(EventRequest(subscription: 1, batch: size), of: log)
        }
        for size in [0, log.limits.batchItems + 1] {
            #expect(throws: SyncError.self) {
                try EventReader(EventRequest(subscription: 1, batch: size), of: log)
            }
        }
    }

    @Test func `who does not acknowledge gets no more, and is slow after ten seconds`() throws {
        var log = EventLog(epoch: "e")
        var reader = try EventReader(EventRequest(subscription: 1, batch: 1), of: log)
        for number in 0..<1_000 { log.append(event("t", number), at: 0) }
        var sent = 0
        while let due = reader.nextDue(of: log, now: 0), due <= 0 {
            guard reader.next(of: log, now: 0) != nil else { break }
            reader.sent(bytes: 64 << 10, now: 0)
            sent += 1
        }
        #expect(sent == 4)
        #expect(!reader.isSlow(now: 10_000) && reader.isSlow(now: 10_001))

        reader.acknowledged(reader.position, now: 10_001)

        #expect(!reader.isSlow(now: 10_001) && reader.nextDue(of: log, now: 10_001) == 10_001)
    }

    @Test func `the third overflow within a minute makes a reader slow`() throws {
        var limits = EventLimits()
        limits.entries = 1
        var log = EventLog(epoch: "e", limits: limits)
        var reader = try EventReader(EventRequest(subscription: 1), of: log)
        for round in 0..<3 {
            #expect(!reader.isSlow(now: 0))
            for _ in 0..<3 { log.append(event("t", round), at: 0) }
            guard case .gap(let gap) = reader.next(of: log, now: Int64(round)) else {
                Issue.record("no gap")
                return
            }
            #expect(gap.reason == .overflow)
        }
        #expect(reader.isSlow(now: 2) && reader.isSlow(now: 59_999))
        #expect(!reader.isSlow(now: 60_000))
    }

    @Test func `a reader that nothing matches is told how far it was read`() throws {
        var log = EventLog(epoch: "e")
        var request = EventRequest(subscription: 1)
        request.filter = try EventFilter(types: ["other"])
        var reader = try EventReader(request, of: log)
        func bookmark(_ now: Milliseconds) -> Int? {
            guard case .batch(let reading, _) = reader.next(of: log, now: now) else { return nil }
            #expect(reading.events.isEmpty)
            return reading.scanned
        }
        log.append(event("t", 0), at: 0)
        #expect(bookmark(0) == 1)
        log.append(event("t", 1), at: 0)
        #expect(bookmark(4_999) == nil)
        #expect(reader.nextDue(of: log, now: 4_999) == 5_000)
        #expect(bookmark(5_000) == 2)
        #expect(reader.nextDue(of: log, now: 5_000) == nil)
    }

    @Test func `under load a reader is told once a second, and of a full batch at once`() throws {
        var log = EventLog(epoch: "e")
        log.slowsDown = true
        var reader = try EventReader(EventRequest(subscription: 1, batch: 2), of: log)
        func sends(at now: Milliseconds) -> Int? {
            guard case .batch(let reading, _) = reader.next(of: log, now: now) else { return nil }
            reader.acknowledged(reading.scanned, now: now)
            return reading.events.count
        }
        log.append(event("t", 0), at: 0)
        #expect(reader.nextDue(of: log, now: 0) == 0)
        #expect(sends(at: 0) == 1)
        for number in 1...3 { log.append(event("t", number), at: 0) }
        #expect(reader.nextDue(of: log, now: 1) == 1_000)

        #expect(sends(at: 1_000) == 2)
        #expect(reader.nextDue(of: log, now: 1_000) == 1_000)
        #expect(sends(at: 1_000) == 1)
        log.append(event("t", 4), at: 0)
        #expect(reader.nextDue(of: log, now: 1_000) == 2_000)
        log.slowsDown = false
        #expect(reader.nextDue(of: log, now: 1_000) == 1_050)
    }

    /// Random readers of a tiny log beside a list of all that ever was: what a client is not given in
    /// order, once, a gap has named.
    @Test func `nothing is missing or doubled without a gap that says so`() throws {
        var dice = SeededGenerator(seed: 20_261_124)
        var model = Model(dice: &dice)
        for _ in 0..<100_000 { try model.step(&dice) }
        try model.finish()
        #expect(model.delivered > 50_000 && model.gaps.count == EventGapReason.allCases.count)
    }
}

private struct Model {
    enum Truth: Equatable {
        case event(type: String, number: Int)
        case lost(Int?)
    }

    struct Client {
        var reader: EventReader
        var at: Int
        var filter: EventFilter
        var unacked: [Int] = []
    }

    var log: EventLog
    var truth: [Truth] = []
    var clients: [Client] = []
    var now: Milliseconds = 0
    var epoch = 1
    var delivered = 0
    var gaps: Set<EventGapReason> = []
    private static let types = ["task-sent", "task-failed", "worker-online"]

    init(dice: inout SeededGenerator) {
        log = Self.log(1)
    }

    private static func log(_ epoch: Int) -> EventLog {
        var limits = EventLimits()
        limits.entries = 40
        limits.bytes = 9_000
        limits.scan = 12
        // Three to five of these events.
        limits.batchBytes = 600
        return EventLog(epoch: "e\(epoch)", limits: limits)
    }

    mutating func step(_ dice: inout SeededGenerator) throws {
        now += Milliseconds(dice.below(40))
        switch dice.below(20) {
        case 0..<4: append(dice.below(8) == 0 ? 30 : 1 + dice.below(4), &dice)
        case 4: lose(dice.chance(50) ? dice.below(9) : nil)
        case 5: try reconnect(&dice)
        case 6 where dice.chance(3): restart()
        default:
            guard !clients.isEmpty else { return }
            let index = dice.below(clients.count)
            try serve(index)
            if dice.chance(70) { acknowledge(index) }
        }
        #expect(log.count <= 40 && log.bytes <= 9_000 && log.head == truth.count)
    }

    private mutating func append(_ count: Int, _ dice: inout SeededGenerator) {
        for _ in 0..<count {
            let type = Self.types[dice.below(3)]
            truth.append(.event(type: type, number: truth.count))
            log.append(
                LoggedEvent(
                    type: type, source: "w", subject: nil, name: nil, queue: nil, receivedAt: 0,
                    happenedAt: 0, payload: Array("\(truth.count - 1)".utf8)), at: now)
        }
    }

    private mutating func lose(_ count: Int?) {
        truth.append(.lost(count))
        log.lose(count, at: now)
    }

    /// Another log: clients that come back bring a position of the old one.
    private mutating func restart() {
        epoch += 1
        log = Self.log(epoch)
        truth = []
        let old = clients
        clients = []
        for client in old { try? open(at: client.at, epoch: "e\(epoch - 1)", client.filter) }
    }

    private mutating func reconnect(_ dice: inout SeededGenerator) throws {
        if clients.count < 6 {
            let filter =
                dice.chance(50)
                ? EventFilter.everything : try EventFilter(types: [Self.types[dice.below(3)]])
            try open(at: dice.below(log.head + 1), epoch: "e\(epoch)", filter)
        } else {
            let client = clients.remove(at: dice.below(clients.count))
            try open(at: client.at, epoch: "e\(epoch)", client.filter)
        }
    }

    private mutating func open(at offset: Int, epoch: String, _ filter: EventFilter) throws {
        var request = EventRequest(subscription: 1, filter: filter, batch: 5)
        request.start = .after(EventPosition(epoch: epoch, offset: offset))
        let reader = try EventReader(request, of: log)
        let isSame = epoch == log.epoch
        clients.append(Client(reader: reader, at: isSame ? offset : 0, filter: filter))
    }

    private mutating func acknowledge(_ index: Int) {
        guard let last = clients[index].unacked.last else { return }
        clients[index].reader.acknowledged(last, now: now)
        clients[index].unacked = []
    }

    private mutating func serve(_ index: Int) throws {
        guard let due = clients[index].reader.nextDue(of: log, now: now), due <= now,
            let outgoing = clients[index].reader.next(of: log, now: now)
        else { return }
        clients[index].reader.sent(bytes: 100, now: now)
        switch outgoing {
        case .batch(let reading, _):
            // What the client has not seen of the truth, up to where it was read.
            let expected = (clients[index].at..<reading.scanned).compactMap { place -> Int? in
                guard case .event(let type, let number) = truth[place] else {
                    Issue.record("a loss was passed in silence")
                    return nil
                }
                let isWanted =
                    clients[index].filter.types.isEmpty
                    || clients[index].filter.types.contains(type)
                return isWanted ? number : nil
            }
            #expect(reading.events.map { $0.offset - 1 } == expected)
            #expect(
                reading.events.map { Int(String(decoding: $0.event.payload, as: UTF8.self)) }
                    == expected)
            delivered += expected.count
            clients[index].at = reading.scanned
            clients[index].unacked.append(reading.scanned)
        case .gap(let gap):
            gaps.insert(gap.reason)
            #expect(gap.from == clients[index].at + 1 && gap.to >= gap.from - 1)
            switch gap.reason {
            case .ingestLost: #expect(truth[gap.from - 1] == .lost(gap.lost))
            case .overflow, .trimmed: #expect(gap.lost == gap.to - gap.from + 1)
            case .epoch: #expect(gap.lost == nil)
            }
            clients[index].at = gap.to
            clients[index].unacked.append(gap.to)
        }
    }

    /// Everybody reads to the end, and is there.
    mutating func finish() throws {
        for index in clients.indices {
            for _ in 0..<500 {
                now += 5_000
                try serve(index)
                acknowledge(index)
            }
            #expect(clients[index].at == log.head)
        }
    }
}
