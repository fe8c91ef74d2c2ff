/// A setting, or a registered task, that is not the same on all workers.
package struct FleetDifference: Sendable, Equatable {
    /// Name of the setting, or `task <name>`.
    package var name: String
    /// Value (JSON text; for tasks `registered` or `absent`) → names of the workers that have it.
    package var values: [String: [String]]

    package init(name: String, values: [String: [String]]) {
        self.name = name
        self.values = values
    }
}

extension FleetState {
    /// What differs between the workers that answered `conf` and `registered`, sorted by name, at
    /// most `limit`.
    package func differences(limit: Int = 100) -> [FleetDifference] {
        var settings: [String: [String: [String]]] = [:]
        var registered: [String: [String]] = [:]
        var told = 0
        var asked: [String] = []
        for place in workers.places where workers[place].offlineAt.isNaN {
            let worker = workers[place]
            if let all = worker.settings?.all {
                told += 1
                for (name, value) in all {
                    settings[name, default: [:]][value, default: []].append(worker.name)
                }
            }
            if !worker.registered.isEmpty {
                asked.append(worker.name)
                for name in worker.registered { registered[name, default: []].append(worker.name) }
            }
        }
        var found: [FleetDifference] = []
        for (name, values) in settings {
            let count = values.values.reduce(0) { $0 + $1.count }
            guard values.count > 1 || count < told else { continue }
            found.append(FleetDifference(name: name, values: values.mapValues { $0.sorted() }))
        }
        for (name, holders) in registered where holders.count < asked.count {
            let absent = Set(asked).subtracting(holders)
            found.append(
                FleetDifference(
                    name: "task \(name)",
                    values: ["registered": holders.sorted(), "absent": absent.sorted()]))
        }
        return Array(found.sorted { $0.name < $1.name }.prefix(limit))
    }
}
