import Testing

@testable import LiveSync

/// Several clients with their own filters, rates and habits over one engine: each must have the right rows
/// whenever it has been told everything, however late it acknowledged, resumed or asked again.
@Suite struct SessionModelTests {
    private static let schema = TopicSchema(
        name: "rows", kind: .whole, fields: ["state", "worker", "queue", "runtime"],
        filters: ["state", "worker"])

    @Test(arguments: 1...8)
    func `every client converges whatever happens to its connection`(seed: Int) throws {
        for trial in 0..<20 {
            var world = try World(seed: UInt64(seed * 1_000 + trial))
            for _ in 0..<80 { try world.step() }
            try world.settle()

            #expect(world.faults.isEmpty)
            for client in world.clients.indices {
                #expect(
                    world.clients[client].table.byID == world.wanted(by: client),
                    "seed \(seed) trial \(trial) client \(client)")
            }
        }
    }

    @Test func `the random histories meet every kind of reset and long deltas`() throws {
        var reasons: Set<ResetReason> = []
        for trial in 0..<40 {
            var world = try World(seed: UInt64(9_000 + trial))
            for _ in 0..<80 { try world.step() }
            reasons.formUnion(world.engine.counters.resets.keys)
        }

        #expect(reasons.isSuperset(of: [.tooOld, .epochChanged, .tooLarge, .resync]))
    }

    private struct Client {
        let filter: FilterExpression?
        let projection: Projection
        let frequency: Double
        var session = SyncSession()
        var table = ClientTable()
        var unsent: [Acknowledgement] = []
    }

    private struct World {
        let engine: SyncEngine
        let topic: TopicID
        var clients: [Client]
        var random: SeededGenerator
        var expected: [String: [String: String]] = [:]
        var now: Milliseconds = 0
        var epochs = 0

        init(seed: UInt64) throws {
            var limits = SyncLimits()
            limits.frameBytes = 400
            limits.unackedBytes = 1_200
            limits.resetFloorBytes = 500
            limits.snapshotSlots = 5
            limits.horizonMilliseconds = 4_000
            limits.tombstones = 30
            engine = SyncEngine(epoch: "e0", topics: [schema], limits: limits)
            topic = engine.topic(named: "rows")
            random = SeededGenerator(seed: seed)
            let partial = Projection(of: schema, hidden: ["queue"], masked: ["runtime"])
            clients = [
                Client(filter: nil, projection: .everything, frequency: 20),
                Client(filter: .eq("state", .text("a")), projection: .everything, frequency: 4),
                Client(filter: .eq("state", .text("a")), projection: partial, frequency: 1),
                Client(
                    filter: .and([
                        .isIn("state", [.text("a"), .text("b")]), .eq("worker", .text("a")),
                    ]), projection: partial, frequency: 4),
            ]
            for client in clients.indices { try open(client, since: nil) }
        }

        mutating func open(_ client: Int, since: SyncPosition?) throws {
            _ = try engine.open(
                SubscriptionRequest(
                    subscription: 1, topic: "rows", filter: clients[client].filter, since: since,
                    frequency: clients[client].frequency),
                for: &clients[client].session, projection: clients[client].projection, now: now)
        }

        mutating func step() throws {
            now += Milliseconds(random.below(300))
            if random.chance(2) { now += 3_000 }
            for _ in 0..<random.below(5) { change() }
            if random.chance(3) { for _ in 0..<40 { change() } }
            engine.commit(at: now)
            if random.chance(1) {
                epochs += 1
                engine.beginEpoch("e\(epochs)")
            }
            for client in clients.indices { try act(client) }
        }

        mutating func act(_ client: Int) throws {
            for _ in 0..<random.below(4) { _ = receive(client) }
            if random.chance(60) { acknowledge(client) }
            if random.chance(2), clients[client].session.count > 0 {
                try engine.resync(1, for: &clients[client].session)
            }
            guard random.chance(4) else { return }
            // The connection breaks; the client comes back with what it has.
            clients[client].session = SyncSession()
            clients[client].unsent = []
            let revision = clients[client].table.revision
            let epoch = random.chance(90) ? engine.epoch : "other"
            try open(
                client,
                since: revision < 0 ? nil : SyncPosition(epoch: epoch, revision: revision))
        }

        mutating func receive(_ client: Int) -> Bool {
            guard let outgoing = engine.next(for: &clients[client].session, now: now) else {
                return false
            }
            if let answer = clients[client].table.apply(outgoing.frame.content) {
                // Some clients do not say which part.
                clients[client].unsent.append(
                    client == 1
                        ? Acknowledgement(subscription: 1, revision: answer.revision) : answer)
            }
            return true
        }

        mutating func acknowledge(_ client: Int) {
            engine.acknowledge(clients[client].unsent, for: &clients[client].session, now: now)
            clients[client].unsent = []
        }

        /// Time passes without changes until nobody is owed anything.
        mutating func settle() throws {
            for _ in 0..<400 {
                now += 1_100
                for client in clients.indices {
                    while receive(client) {}
                    acknowledge(client)
                }
            }
        }

        mutating func change() {
            let id = "t\(random.below(40))"
            let name = schema.columns[1 + random.below(4)]
            let column = schema.column(name) ?? 0
            switch random.below(100) {
            case ..<15:
                expected[id] = nil
                engine.remove(topic, id: id)
            case ..<25:
                guard expected[id] != nil else { return }
                expected[id]?[name] = nil
                engine.upsert(topic, id: id, [FieldUpdate(column, .absent)])
            default:
                let value = ["a", "b", "c"][random.below(3)]
                expected[id, default: [:]][name] = value
                engine.upsert(topic, id: id, [FieldUpdate(column, .text(value))])
            }
        }

        var faults: [String] { clients.flatMap(\.table.faults) }

        func wanted(by client: Int) -> [String: ClientTable.Row] {
            let isPartial = client >= 2
            var result: [String: ClientTable.Row] = [:]
            for (id, fields) in expected where matches(fields, client) {
                var row: ClientTable.Row = [0: .text(id)]
                for (name, value) in fields where !(isPartial && name == "queue") {
                    let shown = isPartial && name == "runtime" ? "(1 characters)" : value
                    row[schema.column(name) ?? -1] = .text(shown)
                }
                result[id] = row
            }
            return result
        }

        private func matches(_ fields: [String: String], _ client: Int) -> Bool {
            switch client {
            case 0: true
            case 1, 2: fields["state"] == "a"
            default: ["a", "b"].contains(fields["state"]) && fields["worker"] == "a"
            }
        }
    }
}
