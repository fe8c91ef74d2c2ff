internal import WireFormats

/// Compares what clients were told with what the gateway says now, over its REST answers.
struct Reconciler {
    let host: String
    let port: UInt16
    let token: String

    /// Fields that follow the clock: they change while one compares.
    static let restless: Set<String> = [
        "eventsPerSecond", "throughput", "throughput10s", "throughput5m", "successRate",
        "runtimeMean", "waitMean", "runtimeP50", "runtimeP95", "runtimeP99", "waitP50", "waitP95",
        "waitP99", "runtimes", "waits", "succeeded5m", "failed5m", "heartbeat", "drift", "uptime",
        "loadavg", "oldestAge", "rateIn", "rateOut", "since", "statsAt", "completeness",
    ]

    /// Every difference between each client and the gateway, in words; a few of each client. Equal tables
    /// are compared once: many thousands of clients have to go on acknowledging meanwhile.
    func differences(
        of clients: [CrowdClient], _ wanted: [String: [String: JsonValue]]
    ) -> [String] {
        var known: [String: [String]] = [:]
        func compared(_ table: SyncedTable, _ rows: [[String: JsonValue]], _ topic: String)
            -> [String]
        {
            let key = "\(table.identity) \(topic)"
            if let found = known[key] { return found }
            let found = compare(Self.byID(rows), wanted[topic] ?? [:], topic)
            known[key] = found
            return found
        }
        return clients.enumerated().flatMap { index, client in
            var found: [String] = []
            for (number, topic) in client.kind.topics {
                let table = client.tables[number] ?? SyncedTable()
                found += compared(table, Array(table.rows.values), topic)
            }
            if client.kind.hasWindow {
                let table = client.tables[CrowdKind.window] ?? SyncedTable()
                found += compared(table, table.order.map { table.rows[$0] ?? [:] }, "tasks")
            }
            return found.map { "\(client.kind) \(index): \($0)" }
        }
    }

    /// The gateway's rows by topic and id.
    func snapshot() throws -> [String: [String: JsonValue]] {
        var all: [String: [String: JsonValue]] = [:]
        for name in ["stats", "workers", "queues", "alerts"] {
            var (rows, next) = try page("/api/celery/\(name)", name)
            while let after = next {
                let more = try page("/api/celery/\(name)?after=\(after)", name)
                rows += more.rows
                next = more.next
            }
            all[name] = Self.byID(rows)
        }
        all["tasks"] = Self.byID(try page("/api/celery/tasks?limit=50", "tasks").rows)
        return all
    }

    private func page(
        _ path: String, _ name: String
    ) throws -> (rows: [[String: JsonValue]], next: String?) {
        let answer = try RestCall.get(path, host: host, port: port, token: token)
        let rows = (answer[name]?.array ?? []).map { row in
            Dictionary((row.object ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        return (rows, answer["next"]?.string)
    }

    private static func byID(_ rows: [[String: JsonValue]]) -> [String: JsonValue] {
        var byID: [String: JsonValue] = [:]
        for row in rows {
            let kept = row.filter { !restless.contains($0.key) && !$0.value.isNull }
            byID[row["id"]?.string ?? "?"] = .object(
                kept.sorted { $0.key < $1.key }.map { JsonMember($0.key, $0.value) })
        }
        return byID
    }

    private func compare(
        _ rows: [String: JsonValue], _ wanted: [String: JsonValue], _ topic: String
    ) -> [String] {
        guard rows != wanted else { return [] }
        var found: [String] = []
        for id in Set(rows.keys).union(wanted.keys).sorted() where rows[id] != wanted[id] {
            let (known, right) = (rows[id]?.text() ?? "nothing", wanted[id]?.text() ?? "nothing")
            found.append("\(topic) \(id): the client has \(known), the gateway \(right)")
            if found.count >= 5 { break }
        }
        return found
    }
}
