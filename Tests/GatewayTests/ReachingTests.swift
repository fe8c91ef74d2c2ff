import EventLoop
import Logging
import Ports
import Testing
import WireFormats

@testable import Gateway

/// A worker whose mailbox opens later is pinged until it answers; one that never does is named.
@Suite struct ReachingTests {
    init() { EventLoop.shared.startThread() }

    /// A broker whose workers hear from their n-th ping on.
    @LoopActor private final class Mailboxes: BrokerCommands {
        let isConnected = true
        let opening: [String: Int]
        private(set) var pings: [[String]] = []
        var fault: BrokerError?
        weak var desk: ControlDesk?

        init(opening: [String: Int]) { self.opening = opening }

        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
            if let fault { throw fault }
            guard let envelope = try? Envelope(decoding: arguments[2]),
                let body = try? envelope.json()
            else { throw BrokerError(.refused, "no control message") }
            let called = body["destination"]?.array?.compactMap(\.string) ?? []
            pings.append(called)
            let ticket = body["ticket"]?.string ?? ""
            let hearing = called.filter { name in
                opening[name].map { turn in pings.count { $0.contains(name) } >= turn } ?? false
            }
            // Before the broker's own answer, so that no clock decides what comes first.
            for name in hearing { desk?.received(reply(name, ticket)) }
            return .integer(Int64(hearing.count + 1))
        }

        private func reply(_ worker: String, _ ticket: String) -> [UInt8] {
            let body = #"{\"\#(worker)\": {\"ok\": \"pong\"}}"#
            return Array(
                #"{"body": "\#(body)", "content-type": "application/json", "headers": {"ticket": "\#(ticket)"}, "properties": {}}"#
                    .utf8)
        }

        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
    }

    @LoopActor private func desk(_ broker: Mailboxes) -> ControlDesk {
        var tickets = 0
        let desk = ControlDesk(
            broker: broker, settings: CelerySettings(database: 0), replyKey: "r",
            makeTicket: {
                tickets += 1
                return "ticket \(tickets)"
            },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        broker.desk = desk
        return desk
    }

    @Test @LoopActor func `who hears is not pinged again`() async throws {
        let broker = Mailboxes(opening: ["a": 1, "b": 3])
        let desk = desk(broker)

        let silent = try await desk.reach(["a", "b"], patience: .seconds(600))

        #expect(silent == [])
        #expect(broker.pings == [["a", "b"], ["b"], ["b"]])
    }

    @Test @LoopActor func `who never hears is named when patience is over`() async throws {
        let broker = Mailboxes(opening: ["a": 1])
        let desk = desk(broker)

        let silent = try await desk.reach(["deaf", "a"], patience: .seconds(2))

        #expect(silent == ["deaf"])
        #expect(broker.pings.first == ["a", "deaf"])
        #expect(broker.pings.dropFirst().allSatisfy { $0 == ["deaf"] })
    }

    @Test @LoopActor func `nobody is pinged if nobody is called, or without patience`() async throws
    {
        let broker = Mailboxes(opening: [:])
        let desk = desk(broker)

        #expect(try await desk.reach([]) == [])
        #expect(try await desk.reach(["a"], patience: .zero) == ["a"])
        #expect(broker.pings == [])
    }

    @Test @LoopActor func `a broker that is away is told of`() async {
        let broker = Mailboxes(opening: ["a": 1])
        broker.fault = BrokerError(.notConnected, "no connection")
        let desk = desk(broker)

        await #expect(throws: BrokerError(.notConnected, "no connection")) {
            _ = try await desk.reach(["a"])
        }
    }
}
