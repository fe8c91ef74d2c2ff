import EventLoop
import Ports
import Testing
import WireFormats

@testable import Gateway

/// The broker goes away between the record of a command and its effect.
@Suite struct UntoldTests {
    init() { EventLoop.shared.startThread() }

    @LoopActor private func submit(
        _ command: String, _ text: String, to gateway: Gateway
    ) async throws -> CommandDesk.Open? {
        let args = try JsonReader.parse(Array(text.utf8), limits: .client)
        let receipt = try await gateway.commands.submit(
            CommandDesk.Request(
                command: command, args: args, expect: .null, key: command, deadline: 60,
                principal: Principal(id: "ada", name: "ada", role: .admin), remote: "here"))
        while gateway.commands.open[receipt.id]?.tracker.state == .accepted { await Task.yield() }
        return gateway.commands.open[receipt.id]
    }

    @Test(arguments: [
        ("task.revoke", #"{"id": "t1"}"#), ("task.revoke", #"{"ids": ["t1", "t2"]}"#),
        ("task.revokeStamped", #"{"stamps": {"customer": ["7"]}}"#),
    ])
    @LoopActor func `what is kept and told later is unknown until then`(
        command: String, args: String
    ) async throws {
        let (gateway, _) = try Lonely.gateway(broker: Lonely.NoBroker(seemsThere: true))

        let open = try await submit(command, args, to: gateway)

        #expect(open?.tracker.state == .unknown)
        #expect(
            open?.tracker.reason
                == "there is no broker; workers are told when the broker is back")
        #expect(open?.record.sentAt == nil)
        if command == "task.revoke" {
            let kept = gateway.revokes.revokes(of: open?.record.id ?? "").map(\.taskID)
            #expect(kept.contains("t1"))
        }
        if let open { gateway.commands.close(open) }
    }

    @Test(arguments: [
        ("task.revokeStamped", #"{"stamps": {"customer": ["7"]}, "keep": 0}"#),
        ("worker.ping", #"{"workers": ["a@h"]}"#),
        ("worker.rateLimit", #"{"workers": ["a@h"], "task": "math.add", "limit": "1/s"}"#),
        ("task.run", #"{"task": "math.add"}"#),
    ])
    @LoopActor func `what is not kept has failed, and nothing follows`(
        command: String, args: String
    ) async throws {
        let (gateway, _) = try Lonely.gateway(broker: Lonely.NoBroker(seemsThere: true))

        #expect(try await submit(command, args, to: gateway) == nil)
        #expect(gateway.commands.ended.count == 1)
    }

    @Test @LoopActor func `what a later run would need is kept as long as it would look`()
        async throws
    {
        let records = Lonely.NoRecords()
        let (gateway, _) = try Lonely.gateway(
            broker: Lonely.NoBroker(seemsThere: true), records: records)
        let open = try #require(
            await submit("task.revokeStamped", #"{"stamps": {"customer": ["7"]}}"#, to: gateway))
        func kept() -> String? { records.rows.withLock { $0[open.record.id]?.remains } }

        await gateway.commands.saved(open)
        #expect(kept().flatMap(CommandRemains.init)?.spec(of: "task.revokeStamped") != nil)
        gateway.commands.close(open)
        await gateway.commands.saved(open)

        #expect(kept() == nil)
    }
}
