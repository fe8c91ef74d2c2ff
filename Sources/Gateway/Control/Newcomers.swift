/// Workers that have come up lately and have not answered since: their mailboxes may not be open yet.
struct Newcomers: Sendable {
    /// Seconds for which a worker counts as new.
    static let seconds = 5.0
    /// Names that are remembered; of more, those that came first are forgotten.
    static let limit = 5_000

    private var names: [String: Double] = [:]
    private var order: [(name: String, at: Double)] = []

    /// Notes that a worker has said `worker-online`.
    mutating func note(_ name: String, now: Double) {
        forget(now: now)
        names[name] = now
        order.append((name, now))
        if order.count > Self.limit { dropFirst() }
    }

    /// Notes that a worker has answered: its mailbox is open.
    mutating func answered(_ name: String) {
        names[name] = nil
    }

    /// Those that are new, by name.
    mutating func all(now: Double) -> [String] {
        forget(now: now)
        return names.keys.sorted()
    }

    private mutating func forget(now: Double) {
        while let first = order.first, now - first.at >= Self.seconds { dropFirst() }
    }

    private mutating func dropFirst() {
        let first = order.removeFirst()
        // It may have come up again since.
        if names[first.name] == first.at { names[first.name] = nil }
    }
}
