import Testing

@testable import LiveSync

@Suite struct EventLogTests {
    private func event(_ type: String = "t", payload: Int = 10) -> LoggedEvent {
        LoggedEvent(
            type: type, source: "w", subject: nil, name: nil, queue: nil, receivedAt: 1,
            happenedAt: 1, payload: Array(repeating: 0x20, count: payload))
    }

    private func log(_ count: Int, _ change: (inout EventLimits) -> Void = { _ in }) -> EventLog {
        var limits = EventLimits()
        change(&limits)
        var log = EventLog(epoch: "e", limits: limits)
        for _ in 0..<count { log.append(event(), at: 0) }
        return log
    }

    @Test func `as many entries as the limit stay, one more pushes the oldest out`() {
        var log = log(5) { $0.entries = 5 }
        #expect((log.first, log.head, log.count) == (1, 5, 5))
        log.append(event(), at: 0)
        #expect((log.first, log.head, log.count) == (2, 6, 5))
    }

    @Test func `as many bytes as the limit stay, one more pushes the oldest out`() {
        let size = SingleEvent(event()).bytes
        var log = log(3) { $0.bytes = 3 * size }
        #expect(log.first == 1 && log.bytes == 3 * size)
        log.append(event(payload: 11), at: 0)
        #expect(log.first == 3 && log.bytes == 2 * size + 1)
    }

    @Test func `an event of the greatest age stays, an older one goes`() {
        var log = log(2) { $0.ageMilliseconds = 100 }
        log.trim(now: 100)
        #expect(log.count == 2)
        log.trim(now: 101)
        #expect(log.count == 0 && log.first == 3 && log.head == 2 && log.bytes == 0)
    }

    @Test func `a batch has as many events as asked for`() {
        let log = log(5)
        let part = log.read(after: 0, .everything, items: 4)
        #expect(part.events.map(\.offset) == [1, 2, 3, 4] && part.scanned == 4 && part.hasMore)
        let rest = log.read(after: 4, .everything, items: 4)
        #expect(rest.events.map(\.offset) == [5] && rest.scanned == 5 && !rest.hasMore)
    }

    @Test func `a batch ends before the event that does not fit, but one always fits`() {
        let log = log(5) { $0.batchBytes = 20 }
        #expect(log.read(after: 0, .everything, items: 9).events.count == 2)
        let tight = self.log(5) { $0.batchBytes = 19 }
        #expect(tight.read(after: 0, .everything, items: 9).events.count == 1)
        let tiny = self.log(5) { $0.batchBytes = 1 }
        #expect(tiny.read(after: 0, .everything, items: 9).events.count == 1)
    }

    @Test func `one turn looks at no more entries than the limit`() throws {
        let log = log(11) { $0.scan = 10 }
        let none = try EventFilter(types: ["other"])
        let reading = log.read(after: 0, none, items: 9)
        #expect(reading.scanned == 10 && reading.events.isEmpty && reading.hasMore)
        #expect(!log.read(after: 10, none, items: 9).hasMore)
    }

    @Test func `a loss is told in its place`() {
        var log = log(2)
        log.lose(7, at: 0)
        log.append(event(), at: 0)
        let before = log.read(after: 0, .everything, items: 9)
        #expect(before.events.map(\.offset) == [1, 2] && before.scanned == 2 && before.hasMore)
        #expect(before.gap == EventGap(from: 3, to: 3, lost: 7, reason: .ingestLost))
        #expect(log.read(after: 3, .everything, items: 9).events.map(\.offset) == [4])
    }

    @Test func `a start is where it says, or says what is missing`() throws {
        let log = log(8) { $0.entries = 5 }  // 4 ... 8
        func begin(_ epoch: String, _ offset: Int) throws -> (position: Int, gap: EventGap?) {
            try log.begin(.after(EventPosition(epoch: epoch, offset: offset)))
        }
        #expect(try log.begin(.now).position == 8)
        #expect(try log.begin(.oldest).position == 3)
        #expect(try begin("e", 8) == (8, nil))
        #expect(try begin("e", 3) == (3, nil))
        #expect(
            try begin("e", 2) == (3, EventGap(from: 3, to: 3, lost: 1, reason: .trimmed)))
        #expect(
            try begin("x", 900) == (3, EventGap(from: 1, to: 3, lost: nil, reason: .epoch)))
        #expect(throws: SyncError.self) { try begin("e", 9) }
    }

    @Test func `a filter wants one pattern of each kind`() throws {
        func event(_ type: String, _ name: String?) -> LoggedEvent {
            LoggedEvent(
                type: type, source: "w@a", subject: "x", name: name, queue: "q", receivedAt: 0,
                happenedAt: 0, payload: [])
        }
        let filter = try EventFilter(
            types: ["task-failed", "worker-*"], names: ["mail.*", "*"], queues: ["q"],
            sources: ["w@*"])
        #expect(filter.matches(event("task-failed", "mail.send")))
        #expect(filter.matches(event("worker-online", nil)))
        #expect(!filter.matches(event("task-failed2", "mail.send")))
        let named = try EventFilter(types: [], names: ["mail.*"])
        #expect(named.matches(event("t", "mail.")))
        #expect(!named.matches(event("t", "mail")) && !named.matches(event("t", nil)))
        #expect(EventFilter.everything.matches(event("t", nil)))
    }

    @Test func `a filter has as many patterns and bytes as the limits`() throws {
        var limits = EventLimits()
        limits.patterns = 2
        limits.patternBytes = 3
        _ = try EventFilter(types: ["abc", "a"], limits: limits)
        #expect(throws: SyncError.self) {
            try EventFilter(types: ["a", "b", "c"], limits: limits)
        }
        #expect(throws: SyncError.self) { try EventFilter(types: ["abcd"], limits: limits) }
    }
}
