import EventLoop
import Logging
import Ports
import Testing
import WireFormats

@testable import Gateway

/// A command with a mark carries its own ticket, and a later run takes its answers up by it.
@Suite struct ControlOnceTests {
    init() { EventLoop.shared.startThread() }

    @LoopActor private final class Heard {
        var workers: [String] = []
        var sent: [[UInt8]] = []
    }

    @LoopActor private func once(_ reply: RESPValue, _ heard: Heard = Heard()) -> ControlOnce {
        ControlOnce(ticket: "command", mark: Array("mark".utf8)) { arguments in
            heard.sent = arguments
            return reply
        }
    }

    private final class Unused: BrokerCommands {
        let isConnected = true
        private let error = BrokerError(.refused, "sent without its mark")
        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue { throw error }
        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
    }

    @LoopActor private func desk() -> ControlDesk {
        ControlDesk(
            broker: Unused(), settings: CelerySettings(database: 0), replyKey: "r",
            makeTicket: { "another" },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func reply(_ worker: String) -> [UInt8] {
        let body = #"{\"\#(worker)\": {\"ok\": \"pong\"}}"#
        return Array(
            #"{"body": "\#(body)", "content-type": "application/json", "headers": {"ticket": "command"}, "properties": {}}"#
                .utf8)
    }

    @Test(arguments: [(RESPValue.integer(3), 3), (.bulk(Array("3".utf8)), 3)])
    @LoopActor func `the listeners are those of the first time`(
        reply: RESPValue, count: Int
    ) async throws {
        let heard = Heard()

        let listeners = try await desk().tell(.ping, once: once(reply, heard))

        #expect(listeners == count)
        #expect(heard.sent.prefix(1) == [Array("EVAL".utf8)] && heard.sent[3] == Array("mark".utf8))
    }

    @Test(arguments: [RESPValue.bulk(Array("lost".utf8)), .null, .status("OK")])
    @LoopActor func `what another run has forbidden is not sent`(reply: RESPValue) async {
        let refusal = await #expect(throws: BrokerError.self) {
            _ = try await desk().tell(.ping, once: once(reply))
        }
        #expect(refusal?.code == .refused)
    }

    @Test @LoopActor func `answers find the command by its own ticket`() async throws {
        let (desk, heard) = (desk(), Heard())
        try await desk.ask(
            .ping, of: ["a"], expecting: ["a"], timeout: .seconds(60), once: once(.integer(1)),
            onAnswer: { heard.workers.append($0.worker) })

        desk.received(reply("a"))

        #expect(heard.workers == ["a"] && desk.strays == 0)
    }

    @Test @LoopActor func `a later run takes so many answers and no more`() async throws {
        let (desk, heard) = (desk(), Heard())
        desk.listen(
            for: "command", of: ["a"], timeout: .seconds(60),
            onAnswer: { heard.workers.append($0.worker) })

        for _ in 0...ControlDesk.answersPerWorker { desk.received(reply("a")) }

        #expect(heard.workers.count == ControlDesk.answersPerWorker && desk.strays == 1)
    }
}
