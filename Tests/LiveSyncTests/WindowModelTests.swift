import SyncClient
import Testing

@testable import LiveSync

/// Windows against a naive recount after every batch: rows, order, total, newcomers, rows that left.
@Suite struct WindowModelTests {
    private static let schema = TopicSchema(
        name: "tasks", kind: .windows, fields: ["state", "name", "seen", "note"],
        filters: ["state", "name"], sorts: ["seen", "state", "note"])

    @Test(arguments: 1...6)
    func `windows show what a naive recount shows`(seed: Int) throws {
        for trial in 0..<12 {
            var world = try World(seed: UInt64(seed * 100 + trial))
            for _ in 0..<60 { try world.step() }

            #expect(world.problems.isEmpty, "seed \(seed) trial \(trial)")
        }
    }

    private struct Record {
        var fields: [Int: FieldValue]
        var handle: Int
    }

    private struct Client {
        let filter: FilterExpression?
        /// The column of the order.
        let order: Int
        let limit: Int
        let mode: WindowMode
        let projection: Projection
        let isDescending: Bool
        let pages: Bool
        var session = SyncSession()
        var table = ClientTable()
        /// Place in front of which rows count, `nil` for none; for pinned windows also the fixed rows.
        var front: Front = .none
    }

    private enum Front {
        case none
        case everything
        case before(SortBound)
        case through(SortBound)
    }

    private struct World {
        let engine: SyncEngine
        let topic: TopicID
        var clients: [Client] = []
        var random: SeededGenerator
        var records: [String: Record] = [:]
        var now: Milliseconds = 0
        var clock = 0.0
        var problems: [String] = []

        init(seed: UInt64) throws {
            var limits = SyncLimits()
            limits.frameBytes = 500
            limits.touches = 40
            engine = SyncEngine(epoch: "e", topics: [schema], limits: limits)
            topic = engine.topic(named: "tasks")
            random = SeededGenerator(seed: seed)
            let filters: [FilterExpression?] = [
                nil, .eq("state", .text("a")),
                .and([.isIn("state", [.text("a"), .text("b")]), .eq("name", .text("x"))]),
                .range("seen", from: .double(10), to: .double(40)),
                .isIn("state", [.text("a"), .text("b")]),
            ]
            let ruled = Projection(of: schema, rules: [RowRule(schema, "state", [Glob("a*")])])
            for (number, filter) in filters.enumerated() {
                for mode in WindowMode.allCases {
                    // A range must be on the order's field. The others change in a row's life, many
                    // rows have the same, and some have none.
                    let order = number == 3 ? 3 : [3, 1, 4][random.below(3)]
                    clients.append(
                        Client(
                            filter: filter, order: order, limit: 5, mode: mode,
                            projection: number == 4 ? ruled : .everything,
                            isDescending: random.chance(70), pages: random.chance(40)))
                }
            }
            for _ in 0..<30 { change() }
            engine.commit(at: 0)
            for client in clients.indices { try open(client) }
        }

        // What the engine is told

        mutating func change() {
            clock += 1
            let id = "t\(random.below(60))"
            let isKnown = records[id] != nil
            if isKnown, random.chance(12) {
                records[id] = nil
                engine.remove(topic, id: id)
                return
            }
            var fields: [Int: FieldValue] = [:]
            if !isKnown || random.chance(5) {
                // Equal keys happen.
                fields[3] = .double((clock / 2).rounded())
            }
            if random.chance(70) { fields[1] = .text(["a", "b", "c"][random.below(3)]) }
            if random.chance(30) { fields[2] = .text(["x", "y"][random.below(2)]) }
            if random.chance(30) { fields[4] = .text("note \(random.below(5))") }
            if random.chance(5) { fields[1] = .absent }
            let handle = engine.upsert(
                topic, id: id,
                fields.sorted { $0.key < $1.key }.map { FieldUpdate($0.key, $0.value) })
            var record = records[id] ?? Record(fields: [0: .text(id)], handle: handle ?? -1)
            for (column, value) in fields { record.fields[column] = value.isAbsent ? nil : value }
            records[id] = record
        }

        mutating func step() throws {
            for _ in 0..<(random.chance(5) ? 60 : random.below(4)) { change() }
            now += 1_500
            engine.commit(at: now)
            for client in clients.indices where random.chance(70) {
                receive(client)
                check(client)
                if random.chance(5) { try reopen(client) }
            }
        }

        mutating func receive(_ client: Int) {
            while let outgoing = engine.next(for: &clients[client].session, now: now) {
                if let answer = clients[client].table.apply(outgoing.frame.content) {
                    engine.acknowledge([answer], for: &clients[client].session, now: now)
                }
            }
        }

        // What the engine should say

        func matching(_ client: Int) -> [Record] {
            records.values.filter { record in
                let state = record.fields[1]
                let seen: Double
                if case .double(let value)? = record.fields[3] { seen = value } else { seen = -1 }
                switch client / 2 {
                case 0: return true
                case 1: return state == .text("a")
                case 2:
                    return (state == .text("a") || state == .text("b"))
                        && record.fields[2] == .text("x")
                case 4: return state == .text("a")
                default: return seen >= 10 && seen < 40
                }
            }.sorted {
                (place($0, client).ordered(before: place($1, client)) < 0)
                    != clients[client].isDescending
            }
        }

        func place(_ record: Record, _ client: Int) -> SortBound {
            SortBound(
                key: record.fields[clients[client].order] ?? .absent, handle: record.handle)
        }

        func isInFront(_ record: Record, _ client: Int) -> Bool {
            let direction = clients[client].isDescending ? -1 : 1
            switch clients[client].front {
            case .none: return false
            case .everything: return true
            case .before(let bound):
                return direction * place(record, client).ordered(before: bound) < 0
            case .through(let bound):
                return direction * place(record, client).ordered(before: bound) <= 0
            }
        }

        mutating func open(_ client: Int) throws {
            let rows = matching(client)
            var after: SortBound?
            if clients[client].pages, rows.count > 3 { after = place(rows[2], client) }
            clients[client].table = ClientTable()
            clients[client].session = SyncSession()
            try engine.openView(
                ViewRequest(
                    subscription: 1, topic: "tasks", filter: clients[client].filter,
                    order: schema.columns[clients[client].order],
                    descending: clients[client].isDescending, limit: clients[client].limit,
                    after: after, mode: clients[client].mode, frequency: 20),
                for: &clients[client].session, projection: clients[client].projection, now: now)
            if let after {
                clients[client].front = .through(after)
            } else if clients[client].mode == .pinned {
                clients[client].front = rows.first.map { .before(place($0, client)) } ?? .everything
            } else {
                clients[client].front = .none
            }
            receive(client)
            check(client)
        }

        mutating func reopen(_ client: Int) throws {
            guard random.chance(50) else {
                try open(client)
                return
            }
            let rows = matching(client)
            let after = rows.count > 6 ? place(rows[4], client) : nil
            try engine.move(1, after: after, for: &clients[client].session, now: now)
            if let after {
                clients[client].front = .through(after)
            } else if clients[client].mode == .pinned {
                clients[client].front = rows.first.map { .before(place($0, client)) } ?? .everything
            } else {
                clients[client].front = .none
            }
            receive(client)
            check(client)
        }

        mutating func check(_ client: Int) {
            let table = clients[client].table
            let rows = matching(client)
            var found = table.faults
            if table.total != .exact(rows.count) {
                found.append("total \(String(describing: table.total)), not \(rows.count)")
            }
            let before = rows.count { isInFront($0, client) }
            if table.before != before { found.append("before \(table.before), not \(before)") }
            if clients[client].mode == .follow {
                let wanted = rows.filter { !isInFront($0, client) }.prefix(clients[client].limit)
                if table.order != wanted.map(\.handle) { found.append("another order") }
                for record in wanted where table.rows[record.handle] != record.fields {
                    found.append("another row \(record.handle)")
                }
            } else {
                checkPinned(
                    table, Set(rows.map(\.handle)),
                    isRuled: clients[client].projection != .everything, &found)
            }
            problems += found.map { "client \(client): \($0)" }
        }

        private func checkPinned(
            _ table: ClientTable, _ matching: Set<Int>, isRuled: Bool, _ found: inout [String]
        ) {
            let living = Dictionary(uniqueKeysWithValues: records.values.map { ($0.handle, $0) })
            for handle in table.order {
                if table.left.contains(handle) == matching.contains(handle) {
                    found.append("row \(handle) left or not")
                }
                // Of a row that left by a rule nothing is told.
                if isRuled, table.left.contains(handle) { continue }
                if let record = living[handle], table.rows[handle] != record.fields {
                    found.append("another row \(handle)")
                }
            }
        }
    }
}
