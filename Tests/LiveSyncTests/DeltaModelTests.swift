import Foundation
import SyncClient
import Testing

@testable import LiveSync

/// Random histories against the real engine: a client that applies what it is told must have exactly the
/// rows that match, whatever the filter, the age of `from`, evictions, re-creations and fuzzy snapshots
/// (protocol P1).
///
/// This is the reference model of the sync rules (R12-R20), `sync_model.py`, ported: twelve ids and four
/// fields; a step is up to three changes (`set` 72%, `clear` 8%, `rm` 10%, `evict` of the oldest row
/// beyond six 10%) and a commit; four times in ten a delta from any earlier commit; sixty steps make a
/// trial, and a fuzzy snapshot with changes between its parts ends it. The model's `delta` is the real
/// engine here, its `apply` is ``ClientTable``, and each of its rules that can be left out is left out
/// once below: then clients must diverge.
@Suite struct DeltaModelTests {
    private static let schema = TopicSchema(
        name: "rows", kind: .whole, fields: ["state", "worker", "queue", "runtime"],
        filters: ["state", "worker"])
    private static let filters: [FilterExpression?] = [
        nil,
        .eq("state", .text("STARTED")),
        .isIn("state", [.text("STARTED"), .text("a")]),
        .and([.eq("state", .text("STARTED")), .isIn("worker", [.text("a"), .absent])]),
    ]

    /// Steps of the whole run; more by `CELERIAC_MODEL_STEPS`.
    private static var steps: Int {
        ProcessInfo.processInfo.environment["CELERIAC_MODEL_STEPS"].flatMap { Int($0) } ?? 100_000
    }

    @Test(arguments: 0..<4)
    func `a client that applies every delta has the rows that match`(filter: Int) throws {
        let share = (Self.steps + Self.filters.count - 1) / Self.filters.count
        var steps = 0
        var diverged = 0
        var seed: UInt64 = 0

        while steps < share {
            seed += 1
            let isRight = try Self.converges(
                filter: filter, seed: seed, rules: DeltaRules(), steps: &steps)
            diverged += isRight ? 0 : 1
        }

        #expect(diverged == 0)
        #expect(steps * Self.filters.count >= Self.steps)
    }

    @Test func `without whole rows for those that enter a filter the clients diverge`() throws {
        var rules = DeltaRules()
        rules.sendsEnteringRowsWhole = false

        #expect(try Self.diverged(of: 100, rules) > 20)
    }

    @Test func `without taking away rows that leave a filter the clients diverge`() throws {
        var rules = DeltaRules()
        rules.takesLeavingRowsAway = false

        #expect(try Self.diverged(of: 100, rules) > 20)
    }

    @Test func `without taking away rows younger than from the clients diverge`() throws {
        var rules = DeltaRules()
        rules.takesFreshRowsAway = false

        #expect(try Self.diverged(of: 100, rules) > 20)
    }

    /// How many of so many trials with a filter end with a client that has other rows.
    private static func diverged(of trials: Int, _ rules: DeltaRules) throws -> Int {
        var steps = 0
        return try (0..<trials).count { trial in
            try !converges(filter: 1, seed: UInt64(trial + 1), rules: rules, steps: &steps)
        }
    }

    /// One trial: sixty steps of random changes, deltas from random earlier commits, then a snapshot with
    /// changes between its parts.
    ///
    /// - Parameter steps: grows by one for each step that was walked to its end.
    private static func converges(
        filter: Int, seed: UInt64, rules: DeltaRules, steps: inout Int
    ) throws -> Bool {
        var world = try World(filter: filters[filter], seed: seed, rules: rules)
        var client = ClientTable()
        world.snapshot(into: &client)
        guard client.rows.isEmpty else { return false }
        var history = [world.engine.revision]
        for _ in 0..<60 {
            for _ in 0..<world.random.below(4) { world.change() }
            world.commit()
            history.append(world.engine.revision)
            steps += 1
            guard world.random.chance(40) else { continue }
            let earlier = history.filter { $0 <= client.revision }
            world.delta(from: earlier[world.random.below(earlier.count)], into: &client)
            guard client.faults.isEmpty, client.byID == world.wanted else { return false }
        }
        world.snapshot(into: &client)
        return client.faults.isEmpty && client.byID == world.wanted
    }

    /// An engine, and what its rows should be.
    private struct World {
        let engine: SyncEngine
        let topic: TopicID
        let query: TopicQuery
        let filter: FilterExpression?
        var random: SeededGenerator
        var expected: [String: [String: String]] = [:]
        var born: [String] = []

        init(filter: FilterExpression?, seed: UInt64, rules: DeltaRules) throws {
            var limits = SyncLimits()
            limits.frameBytes = 160
            limits.snapshotSlots = 3
            engine = SyncEngine(epoch: "e", topics: [schema], limits: limits, rules: rules)
            topic = engine.topic(named: "rows")
            query = TopicQuery(
                key: TopicQuery.Key(
                    topic: 0, filter: try Filter(filter, schema: schema), projection: .everything),
                topic: engine.topics[0], rules: rules)
            self.filter = filter
            random = SeededGenerator(seed: seed)
        }

        /// The rows that match, told without the engine.
        var wanted: [String: ClientTable.Row] {
            var result: [String: ClientTable.Row] = [:]
            for (id, fields) in expected where matches(fields) {
                var row: ClientTable.Row = [0: .text(id)]
                for (name, value) in fields {
                    row[schema.column(name) ?? -1] = .text(value)
                }
                result[id] = row
            }
            return result
        }

        private func matches(_ fields: [String: String]) -> Bool {
            switch filter {
            case nil: true
            case .eq: fields["state"] == "STARTED"
            case .isIn: fields["state"] == "STARTED" || fields["state"] == "a"
            default:
                fields["state"] == "STARTED" && (fields["worker"] == "a" || fields["worker"] == nil)
            }
        }

        mutating func change() {
            let id = "t\(random.below(12))"
            switch random.below(100) {
            case ..<10: remove(id)
            case ..<20:
                if born.count > 6 { remove(born[0]) }
            case ..<28:
                let name = schema.columns[1 + random.below(4)]
                guard expected[id] != nil, let column = schema.column(name) else { return }
                expected[id]?[name] = nil
                engine.upsert(topic, id: id, [FieldUpdate(column, .absent)])
            default:
                let name = schema.columns[1 + random.below(4)]
                let value = ["STARTED", "SUCCESS", "a", "b"][random.below(4)]
                if expected[id] == nil { born.append(id) }
                expected[id, default: [:]][name] = value
                engine.upsert(topic, id: id, [FieldUpdate(schema.column(name) ?? 0, .text(value))])
            }
            // Now and then a batch of one change, so that batches of all sizes occur.
            if random.chance(30) { commit() }
        }

        private mutating func remove(_ id: String) {
            expected[id] = nil
            born.removeAll { $0 == id }
            engine.remove(topic, id: id)
        }

        mutating func commit() {
            engine.commit(at: 0)
        }

        func delta(from: Int, into client: inout ClientTable) {
            for part in query.delta(from: from, label: from, to: engine.revision).run.parts {
                _ = client.apply(part.content)
            }
            // A delta without parts leads to its end all the same.
            for part in query.emptyDelta(from: client.revision, to: engine.revision).parts {
                _ = client.apply(part.content)
            }
        }

        /// A snapshot in parts, with changes between them, then the delta from its beginning.
        mutating func snapshot(into client: inout ClientTable) {
            let run = SnapshotRun(at: engine.revision, epoch: "e", begunAt: 0)
            var cursor = 0
            var part = 0
            var more = true
            while more {
                let made = query.snapshotPart(part, of: run, cursor: cursor, now: 0)
                _ = client.apply(made.frame.content)
                guard case .snapshot(let content) = made.frame.content else { return }
                more = content.more
                cursor = made.nextCursor
                part += 1
                if random.chance(50), more {
                    change()
                    commit()
                }
            }
            delta(from: run.at, into: &client)
        }
    }
}
