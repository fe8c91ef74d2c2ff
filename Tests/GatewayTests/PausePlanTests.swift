import EventLoop
import Fleet
import Ports
import Synchronization
import Testing
import WireFormats

@testable import Gateway

/// Who consumed a queue is on the disk before anybody is told to stop: afterwards nobody could tell.
@Suite struct PausePlanTests {
    init() { EventLoop.shared.startThread() }

    /// Workers that answer what they consume, in the moment in which they are asked.
    @LoopActor private final class Workers: BrokerCommands {
        let isConnected = true
        let queues: [String: [String]]
        private(set) var told: [String] = []
        weak var gateway: Gateway?

        /// Who was noted when workers were told to stop.
        private(set) var noted: [PausedConsumer] = []
        let records: Lonely.NoRecords

        init(_ queues: [String: [String]], _ records: Lonely.NoRecords) {
            self.queues = queues
            self.records = records
        }

        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
            guard let payload = arguments.last, let envelope = try? Envelope(decoding: payload),
                let body = try? envelope.json(), let method = body["method"]?.string
            else { return .null }
            if method == "cancel_consumer", !told.contains(method) {
                noted = records.consumers.withLock { $0 }
            }
            told.append(method)
            guard method == "active_queues" else { return .integer(Int64(queues.count)) }
            let called = body["destination"]?.array?.compactMap(\.string) ?? []
            for worker in called.isEmpty ? queues.keys.sorted() : called {
                gateway?.controlReply(reply(worker, body["ticket"]?.string ?? ""))
            }
            return .integer(Int64(queues.count))
        }

        private func reply(_ worker: String, _ ticket: String) -> [UInt8] {
            let list = (queues[worker] ?? []).map {
                #"{\"name\": \"\#($0)\", \"exchange\": {\"name\": \"x\", \"type\": \"direct\"}, \"routing_key\": \"k\"}"#
            }.joined(separator: ", ")
            let body = #"{\"\#(worker)\": [\#(list)]}"#
            return Array(
                #"{"body": "\#(body)", "content-type": "application/json", "headers": {"ticket": "\#(ticket)"}, "properties": {}}"#
                    .utf8)
        }

        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] { [] }
    }

    @Test @LoopActor func `a gateway that has just started asks and records before it tells`()
        async throws
    {
        let records = Lonely.NoRecords()
        let workers = Workers(["a@h": ["mail", "other"], "b@h": ["other"]], records)
        let (gateway, _) = try Lonely.gateway(broker: workers, records: records)
        workers.gateway = gateway

        let receipt = try await gateway.commands.submit(
            CommandDesk.Request(
                command: "queue.pause", args: ["queue": "mail"], expect: .null, key: "k",
                deadline: 60, principal: Principal(id: "ada", name: "ada", role: .admin),
                remote: "here"))

        #expect(records.begun.withLock { $0 }.first?.pause?.queue == "mail")
        while gateway.commands.open[receipt.id]?.tracker.state == .accepted { await Task.yield() }
        #expect(workers.noted.map(\.worker) == ["a@h"])
        #expect(workers.noted.first?.exchange == "x" && workers.noted.first?.routingKey == "k")
        #expect(workers.told.first == "active_queues" && workers.told.contains("cancel_consumer"))
        if let open = gateway.commands.open[receipt.id] { gateway.commands.close(open) }
    }
}
