import EventLoop
import LiveSync
import Ports
import Testing
import WireFormats

@testable import Gateway

/// Whoever submits a command that looks first is answered as soon as it is recorded, whatever the look takes.
@Suite(.timeLimit(.minutes(1))) struct ReceiptTests {
    init() { EventLoop.shared.startThread() }

    /// A broker that answers nothing until it is opened, and then is away.
    @LoopActor private final class Shut: BrokerCommands {
        let isConnected = true
        private(set) var sent: [[[UInt8]]] = []
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var isOpen = false

        func open() {
            isOpen = true
            for one in waiting { one.resume() }
            waiting = []
        }

        func send(_ arguments: [[UInt8]]) async throws(BrokerError) -> RESPValue {
            sent.append(arguments)
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
            throw BrokerError(.notConnected, "there is no broker")
        }

        func pipeline(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
            _ = try await send(commands.first ?? [])
            return []
        }
        func transaction(_ commands: [[[UInt8]]]) async throws(BrokerError) -> [RESPValue] {
            try await pipeline(commands)
        }

        /// Whether something with such a text was sent.
        func has(_ text: String) -> Bool {
            sent.contains { $0.contains { String(decoding: $0, as: UTF8.self).contains(text) } }
        }
    }

    @LoopActor private func submit(
        _ command: String, _ text: String, key: String = "k", to gateway: Gateway
    ) async throws -> CommandDesk.Receipt {
        try await gateway.commands.submit(
            CommandDesk.Request(
                command: command, args: try JsonReader.parse(Array(text.utf8), limits: .client),
                expect: .null, key: key, deadline: 60,
                principal: Principal(id: "ada", name: "ada", role: .admin), remote: "here"))
    }

    @LoopActor private func ended(_ id: String, in gateway: Gateway) async {
        while gateway.commands.open[id]?.tracker.state == .accepted { await Task.yield() }
    }

    @Test(arguments: [
        ("worker.ping", #"{"workers": ["a@h"]}"#),
        ("worker.shutdown", #"{"workers": ["a@h"]}"#),
        ("worker.poolGrow", #"{"workers": ["a@h"], "n": 1}"#),
        ("worker.restart", #"{"workers": ["a@h"]}"#),
        ("worker.rateLimit", #"{"workers": ["a@h"], "task": "math.add", "limit": "1/s"}"#),
        ("queue.pause", #"{"queue": "mail"}"#),
        ("message.delete", #"{"queue": "mail", "deliveryTag": "t"}"#),
        ("message.move", #"{"queue": "mail", "deliveryTag": "t", "to": "other"}"#),
        ("task.revoke", #"{"id": "t1", "terminate": true}"#),
    ])
    @LoopActor func `the receipt does not wait for the broker`(
        command: String, args: String
    ) async throws {
        let (broker, records) = (Shut(), Lonely.NoRecords())
        let (gateway, _) = try Lonely.gateway(broker: broker, records: records)

        let receipt = try await submit(command, args, to: gateway)

        #expect(receipt.stage == .accepted && receipt.handle != 0)
        #expect(records.rows.withLock { $0[receipt.id]?.stage } == .accepted)
        let answer = records.answers.withLock { $0[receipt.id] }
        #expect(answer.flatMap(StoredAnswer.init)?.stage == .accepted, "kept for a repetition")
        broker.open()
        await ended(receipt.id, in: gateway)
        if let open = gateway.commands.open[receipt.id] { gateway.commands.close(open) }
    }

    @Test @LoopActor func `what came first on a queue is sent first`() async throws {
        let broker = Shut()
        let (gateway, _) = try Lonely.gateway(broker: broker)
        let move = #"{"queue": "mail", "deliveryTag": "the-first", "to": "other"}"#

        let first = try await submit("message.move", move, key: "1", to: gateway)
        let second = try await submit(
            "message.delete", #"{"queue": "mail", "deliveryTag": "the-second"}"#, key: "2",
            to: gateway)
        let other = try await submit(
            "message.delete", #"{"queue": "else", "deliveryTag": "the-other"}"#, key: "3",
            to: gateway)

        while !broker.has("the-first") || !broker.has("the-other") { await Task.yield() }
        #expect(!broker.has("the-second"), "it waits for the first")
        broker.open()
        for receipt in [first, second, other] { await ended(receipt.id, in: gateway) }
        #expect(broker.has("the-second"))
        while !gateway.commands.sequences.isEmpty { await Task.yield() }
    }

    @Test @LoopActor func `what was not sent before its deadline never is`() async throws {
        let broker = Shut()
        let (gateway, _) = try Lonely.gateway(broker: broker)
        let first = try await submit(
            "message.delete", #"{"queue": "mail", "deliveryTag": "the-first"}"#, key: "1",
            to: gateway)
        let second = try await submit(
            "message.delete", #"{"queue": "mail", "deliveryTag": "the-second"}"#, key: "2",
            to: gateway)
        let open = try #require(gateway.commands.open[second.id])

        gateway.commands.deadlinePassed(second.id)
        #expect(open.tracker.state == .unknown)
        broker.open()
        await ended(first.id, in: gateway)
        while open.tracker.state == .unknown { await Task.yield() }

        #expect(open.tracker.state == .failed && open.tracker.reason == CommandWords.tooLate)
        #expect(!broker.has("the-second"))
    }

    @Test(arguments: [
        ([], CommandStage.failed, CommandWords.neverSent),
        (
            [CommandWords.tasksRecorded], .unknown,
            "the gateway was restarted before there was proof"
        ),
    ])
    @LoopActor func `a later run knows whether anybody was told of a plan's tasks`(
        evidence: [String], stage: CommandStage, reason: String
    ) async throws {
        let (gateway, _) = try Lonely.gateway()
        let desk = gateway.commands
        var record = CommandRecord(
            id: "c1", command: "task.revoke", arguments: #"{"plan": "p"}"#, target: "2 tasks",
            principal: "ada", by: "ada", at: 990, deadlineAt: 1_000)
        record.evidence = evidence

        desk.restore([record])
        await desk.examineLost()

        func shown(_ name: String) throws -> FieldValue? {
            desk.to.rows.engine.value(
                desk.to.rows.commands, id: "c1", column: try #require(Topics.commands.column(name)))
        }
        #expect(try shown("state") == .text(stage.rawValue))
        #expect(try shown("reason") == .text(reason))
        #expect(desk.lost.isEmpty)
    }

    @Test(arguments: [
        ("task.run", #"{"task": "math.add"}"#), ("queue.purge", #"{"queue": "mail"}"#),
        ("task.group", #"{"tasks": [{"task": "math.add"}]}"#), ("task.revoke", #"{"id": "t1"}"#),
        ("task.revokeStamped", #"{"stamps": {"customer": ["7"]}}"#),
    ])
    func `what needs no look is answered when the broker has it`(
        command: String, args: String
    ) throws {
        let spec = try CommandSpec(
            command, args: try JsonReader.parse(Array(args.utf8), limits: .client),
            newID: { "id\($0)" })
        #expect(!spec.looksFirst)
    }

    @Test func `a plan's command counts its tasks before it is looked through, and after`() throws {
        var spec = try CommandSpec("task.retry", args: ["plan": "p"], newID: { "id\($0)" })
        #expect(spec.looksFirst)
        spec.action = .planned(
            PlannedSpec(plan: "p", act: .retry(queue: nil, eta: nil), ids: ["a", "b"]))
        var tracker = CommandTracker(spec)
        #expect(tracker.counts == CommandTracker.Counts(total: 2, done: 0, refused: 0))
        #expect(tracker.outcome(of: "a").state == "open" && spec.target == "2 tasks")

        spec.action = .rerun(
            RerunSpec(
                items: [.init(id: "a", run: RunSpec(task: "x", id: "a2"))],
                refused: ["b": "unknown"]))
        let (isNew, isNewAgain) = (
            tracker.aim(at: spec, workers: []), tracker.aim(at: spec, workers: [])
        )
        #expect(isNew && !isNewAgain)
        _ = tracker.learn(.skipped(id: "b", reason: "unknown"))
        _ = tracker.learn(.task(id: "a2", state: "RECEIVED", worker: nil))

        #expect(tracker.state == .partial)
        #expect(tracker.counts == CommandTracker.Counts(total: 2, done: 1, refused: 1))
    }
}
