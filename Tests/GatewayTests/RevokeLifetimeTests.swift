import EventLoop
import Fleet
import Ports
import Testing
import WireFormats

@testable import Gateway

/// How long a revocation is kept whose task nobody sees end.
@Suite struct RevokeLifetimeTests {
    init() { EventLoop.shared.startThread() }

    private static let now: Double = 1_000
    private static let inTenDays: Double = now + 10 * 86_400

    @Test(
        arguments: [
            (nil, now), (now - 1, now), (now, now), (now + 1, now + 1), (inTenDays, inTenDays),
        ] as [(Double?, Double)])
    @LoopActor func `it counts from the eta, if that is later`(eta: Double?, from: Double) {
        let rows = RevokeDesk.rows(
            of: RevokeSpec(ids: ["t"], terminate: false, signal: "SIGTERM"), command: "c",
            now: Self.now, eta: { $0 == "t" ? eta : nil })

        #expect(rows.map(\.expiresAt) == [from + RevokeDesk.lifetime])
    }

    /// A gateway that knows a task that waits at a worker for its time, and one that does not.
    @LoopActor private func gateway(_ records: Lonely.NoRecords) throws -> Gateway {
        let (gateway, _) = try Lonely.gateway(
            broker: Lonely.NoBroker(seemsThere: true), records: records, now: { Self.now })
        let tasks: [(String, String?)] = [
            ("later", IsoTime.text(Self.inTenDays)), ("soon", nil),
        ]
        gateway.feed.learn { fleet in
            for (id, eta) in tasks {
                var event = TaskEvent(
                    .received, uuid: id,
                    origin: EventOrigin(hostname: "a@h", timestamp: Self.now, pid: 1, clock: 1))
                event.eta = eta
                fleet.apply(.task(event), receivedAt: Self.now)
            }
        }
        return gateway
    }

    @Test(arguments: [#"{"ids": ["later", "soon"]}"#, #"{"plan": "p"}"#])
    @LoopActor func `what is recorded outlasts the eta, of a plan's tasks as well`(
        args: String
    ) async throws {
        let records = Lonely.NoRecords()
        let gateway = try gateway(records)
        gateway.commands.plans.add(
            TaskPlan(
                token: "p", command: "task.revoke", principal: "ada",
                entries: ["later", "soon"].map { TaskPlan.Entry(id: $0, state: "RECEIVED") },
                skipped: [:], expiresAt: Self.now + 60), now: Self.now)

        _ = try await gateway.commands.submit(
            CommandDesk.Request(
                command: "task.revoke",
                args: try JsonReader.parse(Array(args.utf8), limits: .client), expect: .null,
                key: "k", deadline: 60,
                principal: Principal(id: "ada", name: "ada", role: .admin), remote: "here"))
        func kept() -> [OpenRevoke] { records.begun.withLock { $0.flatMap(\.revokes) } }
        // A plan's tasks are recorded after the command itself.
        for _ in 0..<10_000 where kept().isEmpty { await LoopTimer.sleep(.milliseconds(1)) }

        for open in Array(gateway.commands.open.values) { gateway.commands.close(open) }
        let times = Dictionary(uniqueKeysWithValues: kept().map { ($0.taskID, $0.expiresAt) })
        #expect(
            times == [
                "later": Self.inTenDays + RevokeDesk.lifetime,
                "soon": Self.now + RevokeDesk.lifetime,
            ])
    }
}
