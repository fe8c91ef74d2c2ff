import EventLoop
import Logging
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Questions to workers end, and take no more answers than they may.
@Suite struct ControlDeskTests {
    init() { EventLoop.shared.startThread() }

    /// A broker that hands everything to so many listeners.
    private final class Listeners: BrokerCommands {
        let isConnected = true
        let count: Int64
        init(_ count: Int64) { self.count = count }
        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue { .integer(count) }
        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
    }

    @LoopActor private final class Heard {
        var workers: [String] = []
    }

    @LoopActor private func desk(listeners: Int64) -> ControlDesk {
        ControlDesk(
            broker: Listeners(listeners), settings: CelerySettings(database: 0), replyKey: "r",
            makeTicket: { "ticket" }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func reply(_ worker: String) -> [UInt8] {
        let body = #"{\"\#(worker)\": {\"ok\": \"pong\"}}"#
        return Array(
            #"{"body": "\#(body)", "content-type": "application/json", "headers": {"ticket": "ticket"}, "properties": {}}"#
                .utf8)
    }

    /// Two processes of one name may both answer; what comes beyond four for each name is thrown away.
    @Test @LoopActor func `only so many answers are taken of those asked by name`() async throws {
        let desk = desk(listeners: 100)
        let heard = Heard()
        // Nobody is expected to end it early: `b` never answers.
        try await desk.ask(
            .ping, of: ["a", "b"], expecting: ["a", "b"], timeout: .seconds(60),
            onAnswer: { heard.workers.append($0.worker) })
        let limit = 2 * ControlDesk.answersPerWorker

        for _ in 0..<limit { desk.received(reply("a")) }
        #expect(heard.workers.count == limit)
        #expect(desk.strays == 0)
        desk.received(reply("a"))
        #expect(heard.workers.count == limit)
        #expect(desk.strays == 1)
    }

    /// Twins: the second one may hold what the first one does not.
    @Test @LoopActor func `each process of a name owes its answer`() async throws {
        let desk = desk(listeners: 100)
        let heard = Heard()
        var silent: [String]?
        try await desk.ask(
            .ping, of: ["a", "b"], expecting: ["a", "a", "b"], timeout: .seconds(60),
            onAnswer: { heard.workers.append($0.worker) }, onEnd: { silent = $0 })

        desk.received(reply("b"))
        desk.received(reply("a"))
        #expect(silent == nil)
        desk.received(reply("a"))
        #expect(silent == [])
        #expect(heard.workers == ["b", "a", "a"])
    }

    @Test @LoopActor func `as many answers are taken as are expected of one name`() async throws {
        let desk = desk(listeners: 100)
        let heard = Heard()
        let most = ControlDesk.answersPerWorker + 2
        try await desk.ask(
            .ping, of: ["a"], expecting: Array(repeating: "a", count: most), timeout: .seconds(60),
            onAnswer: { heard.workers.append($0.worker) })

        for _ in 0...most { desk.received(reply("a")) }
        #expect(heard.workers.count == most)
        #expect(desk.strays == 1)
    }

    @Test @LoopActor func `a name that has answered once is not silent`() async throws {
        let desk = desk(listeners: 100)
        var silent: [String]?
        try await desk.ask(
            .ping, of: ["a", "b"], expecting: ["a", "a", "b"], timeout: .milliseconds(50),
            onAnswer: { _ in }, onEnd: { silent = $0 })
        desk.received(reply("a"))

        while silent == nil { await LoopTimer.sleep(.milliseconds(5)) }
        #expect(silent == ["b"])
    }

    @Test @LoopActor func `a question ends with the last answer that can come`() async throws {
        let desk = desk(listeners: 1)
        let heard = Heard()
        try await desk.ask(
            .ping, expecting: nil, timeout: .seconds(60),
            onAnswer: { heard.workers.append($0.worker) })

        desk.received(reply("a"))
        desk.received(reply("late"))
        #expect(heard.workers == ["a"])
        #expect(desk.strays == 1)
    }
}
