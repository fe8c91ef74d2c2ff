import EventLoop
import Fleet
import Logging
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Whom the gateway asks by itself.
@Suite struct InspectorTests {
    init() { EventLoop.shared.startThread() }

    /// A broker whose listeners never answer; it keeps what was published, and which results were asked.
    private final class Deaf: BrokerCommands {
        let isConnected = true
        private(set) var questions: [(method: String, destination: [String])] = []
        private(set) var resultsAsked = 0
        private let listeners: Int
        /// Called with the ticket of each question.
        var onQuestion: @LoopActor (String) -> Void = { _ in }

        init(listeners: Int) {
            self.listeners = listeners
        }

        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
            if arguments.first == Array("MGET".utf8) {
                resultsAsked += arguments.count - 1
                return .array(arguments.dropFirst().map { _ in .null })
            }
            guard arguments.count == 3, let envelope = try? Envelope(decoding: arguments[2]),
                let body = try? envelope.json()
            else { return .null }
            let names = body["destination"]?.array ?? []
            questions.append((body["method"]?.string ?? "", names.compactMap(\.string)))
            if let ticket = body["ticket"]?.string { onQuestion(ticket) }
            return .integer(Int64(listeners))
        }

        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
    }

    @LoopActor private final class Tickets {
        private var last = 0
        func next() -> String {
            last += 1
            return "\(last)"
        }
    }

    @LoopActor private func inspector(_ broker: Deaf, _ feed: Feed) -> Inspector {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let settings = CelerySettings(database: 0)
        let clock = GatewayClock { 1_000 }
        let tickets = Tickets()
        return Inspector(
            control: ControlDesk(
                broker: broker, settings: settings, replyKey: "r", makeTicket: { tickets.next() },
                log: log),
            feed: feed, results: broker, settings: settings, clock: clock,
            cost: CostKeeper(ceiling: 1_000_000, clock: clock, measure: { BrokerCost() }),
            log: log, onLearned: {})
    }

    @LoopActor private func feed(workers: Int) -> Feed {
        let feed = Feed(rows: Rows(epoch: "e"), limits: FleetLimits(), now: 1_000)
        feed.learn { fleet in
            for number in 0..<workers {
                var event = WorkerEvent(
                    .heartbeat,
                    origin: EventOrigin(
                        hostname: "w\(number)@h", timestamp: 1_000, pid: 1, clock: 1))
                event.freq = 2
                fleet.apply(.worker(event), receivedAt: 1_000)
            }
        }
        return feed
    }

    @Test(arguments: [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
    @LoopActor func `a refresh names every live worker, so many at a time`(
        workers: Int, sizes: [Int]
    ) async {
        let broker = Deaf(listeners: 0)
        await inspector(broker, feed(workers: workers)).refreshFigures()

        let methods = Set(broker.questions.map(\.method))
        #expect(methods == ["stats", "active_queues", "active", "reserved", "scheduled"])
        for method in methods {
            let asked = broker.questions.filter { $0.method == method }.map(\.destination)
            #expect(asked.map(\.count).sorted(by: >) == sizes)
            #expect(Set(asked.joined()).count == workers)
        }
    }

    @Test(arguments: [(0, 0), (1, 1)])
    @LoopActor func `who answers to which name is asked if more listen than have answered`(
        listeners: Int, pings: Int
    ) async {
        let broker = Deaf(listeners: listeners)
        await inspector(broker, feed(workers: 2)).refreshFigures()

        let asked = broker.questions.filter { $0.method == "ping" }
        #expect(asked.map(\.destination) == Array(repeating: [], count: pings))
    }

    /// Its host was too busy when it appeared.
    @Test @LoopActor func `who answers, but never told its settings, is asked everything`()
        async throws
    {
        let broker = Deaf(listeners: 1)
        let inspector = inspector(broker, feed(workers: 1))
        await inspector.refreshFigures()
        #expect(!broker.questions.contains { $0.method == "conf" })

        let body = #"{\"w0@h\": {\"ok\": \"pong\"}}"#
        broker.onQuestion = { ticket in
            inspector.control.received(
                Array(
                    #"{"body": "\#(body)", "content-type": "application/json", "headers": {"ticket": "\#(ticket)"}, "properties": {}}"#
                        .utf8))
        }
        await inspector.refreshFigures()
        for _ in 0..<2_000 where !broker.questions.contains(where: { $0.method == "conf" }) {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(broker.questions.last { $0.method == "conf" }?.destination == ["w0@h"])
    }

    /// A worker without events and heartbeats is known by its answer alone.
    @Test @LoopActor func `everybody is pinged while nobody is known`() async {
        let broker = Deaf(listeners: 0)
        await inspector(broker, feed(workers: 0)).refreshFigures()

        #expect(broker.questions.map(\.method) == ["ping"])
        #expect(broker.questions.map(\.destination) == [[]])
    }

    /// A refresh looks up ten thousand doubtful tasks; a round leaves none out.
    @Test @LoopActor func `a round asks for the results of all open tasks`() async {
        let broker = Deaf(listeners: 0)
        let feed = feed(workers: 0)
        feed.learn { fleet in
            for number in 0..<10_001 {
                var event = TaskEvent(
                    .sent, uuid: "t\(number)",
                    origin: EventOrigin(hostname: "gen@h", timestamp: 900, pid: 1, clock: 1))
                event.queue = "q"
                fleet.apply(.task(event), receivedAt: 900)
            }
            let gap = fleet.openGap(from: 901, reason: "r", now: 901)
            fleet.closeGap(gap, at: 902, lost: nil)
        }
        let isDone = await inspector(broker, feed).reconcile(first: {
            feed.learn {
                $0.apply(depths: [QueueDepth(name: "q", steps: [1, 0, 0, 0])], now: 1_000)
            }
        })

        #expect(isDone)
        #expect(broker.resultsAsked == 10_001)
        var stale = 0
        feed.fleet.forEachTask { task in
            if task.stale { stale += 1 }
            return true
        }
        #expect(stale == 0)
        #expect(feed.fleet.gaps.first?.reconciledAt == 1_000)
    }
}
