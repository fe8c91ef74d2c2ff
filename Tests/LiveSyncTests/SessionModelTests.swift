import Foundation
import SyncClient
import Testing

@testable import LiveSync

/// Several clients with their own filters, rates and habits over one engine: each must have the right rows
/// whenever it has been told everything, however late it acknowledged, resumed or asked again. Over two
/// engines, as two gateways on one broker are, a client that comes back may come to the other one (P1):
/// both saw the same changes, but not in the same batches, and each has revisions of its own.
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

    /// Trials of each seed over two engines, of eighty steps; more by `CELERIAC_MODEL_STEPS`.
    private static var trials: Int {
        let steps = ProcessInfo.processInfo.environment["CELERIAC_MODEL_STEPS"].flatMap { Int($0) }
        return (steps ?? 12_800) / (8 * 80)
    }

    @Test(arguments: 1...8)
    func `every client converges whichever instance it comes back to`(seed: Int) throws {
        var moves = 0
        for trial in 0..<Self.trials {
            var world = try World(seed: UInt64(seed * 100_000 + trial), instances: 2)
            let isRight = try world.converges()
            moves += world.moves
            #expect(isRight, "seed \(seed) trial \(trial): \(world.faults)")
        }

        #expect(moves > Self.trials)
    }

    @Test func `without whole rows for those that enter, clients of two instances diverge`() throws
    {
        var rules = DeltaRules()
        rules.sendsEnteringRowsWhole = false

        #expect(try Self.diverged(of: 40, rules) > 10)
    }

    @Test func `without taking away those that leave, clients of two instances diverge`() throws {
        var rules = DeltaRules()
        rules.takesLeavingRowsAway = false

        #expect(try Self.diverged(of: 40, rules) > 10)
    }

    /// In how many of so many trials over two engines a client does not have what it should have.
    private static func diverged(of trials: Int, _ rules: DeltaRules) throws -> Int {
        try (0..<trials).count { trial in
            var world = try World(seed: UInt64(trial), instances: 2, rules: rules)
            return try !world.converges()
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
        /// The engine it is connected to.
        var place = 0
    }

    /// A field's new value, or the end of a row.
    private struct Change {
        let id: String
        let update: FieldUpdate?
    }

    private struct World {
        let engines: [SyncEngine]
        let topic: TopicID
        var clients: [Client]
        var random: SeededGenerator
        var expected: [String: [String: String]] = [:]
        var now: Milliseconds = 0
        var epochs = 0
        /// What each engine has not been told yet.
        private var backlog: [[Change]] = []
        /// How often a client came back to another engine.
        var moves = 0

        /// The first engine.
        var engine: SyncEngine { engines[0] }

        init(seed: UInt64, instances: Int = 1, rules: DeltaRules = DeltaRules()) throws {
            var limits = SyncLimits()
            limits.frameBytes = 400
            limits.unackedBytes = 1_200
            limits.resetFloorBytes = 500
            limits.snapshotSlots = 5
            limits.horizonMilliseconds = 4_000
            limits.tombstones = 30
            // Their revisions are in the same range, so that only the epoch tells them apart.
            engines = (0..<instances).map { place in
                SyncEngine(
                    epoch: "e0.\(place)", firstRevision: 1 + place, topics: [schema],
                    limits: limits, rules: rules)
            }
            backlog = Array(repeating: [], count: instances)
            topic = engines[0].topic(named: "rows")
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
                Client(
                    filter: .isIn("state", [.text("a"), .text("b")]),
                    projection: Projection(
                        of: schema, hidden: ["queue"], masked: ["runtime"],
                        rules: [
                            RowRule(schema, "state", [Glob("a"), Glob("c")]),
                            RowRule(schema, "worker", [Glob("*a*")]),
                        ]), frequency: 4),
            ]
            for client in clients.indices { try open(client, since: nil) }
        }

        mutating func open(_ client: Int, since: SyncPosition?) throws {
            _ = try engines[clients[client].place].open(
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
            // The others are behind now and then, and see bigger batches.
            for place in engines.indices.dropFirst() where random.chance(70) { catchUp(place) }
            if random.chance(1) {
                epochs += 1
                let place = engines.count > 1 ? random.below(engines.count) : 0
                engines[place].beginEpoch("e\(epochs).\(place)")
            }
            for client in clients.indices { try act(client) }
        }

        mutating func act(_ client: Int) throws {
            for _ in 0..<random.below(4) { _ = receive(client) }
            if random.chance(60) { acknowledge(client) }
            if random.chance(2), clients[client].session.count > 0 {
                try engines[clients[client].place].resync(1, for: &clients[client].session)
            }
            guard random.chance(4) else { return }
            // The connection breaks; the client comes back with what it has.
            clients[client].session = SyncSession()
            clients[client].unsent = []
            let revision = clients[client].table.revision
            let epoch = random.chance(90) ? clients[client].table.epoch : "other"
            if engines.count > 1, random.chance(50) {
                clients[client].place = (clients[client].place + 1) % engines.count
                moves += 1
            }
            try open(
                client,
                since: revision < 0 ? nil : SyncPosition(epoch: epoch, revision: revision))
        }

        mutating func receive(_ client: Int) -> Bool {
            let engine = engines[clients[client].place]
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
            engines[clients[client].place].acknowledge(
                clients[client].unsent, for: &clients[client].session, now: now)
            clients[client].unsent = []
        }

        /// Eighty steps, and an end; whether every client has what it should have.
        mutating func converges() throws -> Bool {
            for _ in 0..<80 { try step() }
            try settle()
            return faults.isEmpty
                && clients.indices.allSatisfy { clients[$0].table.byID == wanted(by: $0) }
        }

        /// Time passes without changes until nobody is owed anything.
        mutating func settle() throws {
            for place in engines.indices.dropFirst() { catchUp(place) }
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
                tell(Change(id: id, update: nil))
            case ..<25:
                guard expected[id] != nil else { return }
                expected[id]?[name] = nil
                tell(Change(id: id, update: FieldUpdate(column, .absent)))
            default:
                let value = ["a", "b", "c"][random.below(3)]
                expected[id, default: [:]][name] = value
                tell(Change(id: id, update: FieldUpdate(column, .text(value))))
            }
        }

        /// The first engine is told at once, the others when they catch up.
        private mutating func tell(_ change: Change) {
            apply(change, to: engine)
            for place in engines.indices.dropFirst() { backlog[place].append(change) }
        }

        private func apply(_ change: Change, to engine: SyncEngine) {
            if let update = change.update {
                engine.upsert(topic, id: change.id, [update])
            } else {
                engine.remove(topic, id: change.id)
            }
        }

        private mutating func catchUp(_ place: Int) {
            for change in backlog[place] { apply(change, to: engines[place]) }
            backlog[place] = []
            engines[place].commit(at: now)
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
            case 4: fields["state"] == "a" && fields["worker"] == "a"
            default: ["a", "b"].contains(fields["state"]) && fields["worker"] == "a"
            }
        }
    }
}
