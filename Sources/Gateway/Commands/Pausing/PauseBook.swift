internal import Fleet
internal import Ports
internal import WireFormats

/// Which queues are paused or being resumed, and who would consume them: what is recorded, and what
/// follows from it. A value without I/O or clock.
struct PauseBook: Sendable {
    /// What a look at the queues that are being resumed has found.
    struct Resumption: Equatable {
        /// Queue -> workers that consume it again: they can be forgotten.
        var back: [String: [String]] = [:]
        /// Queue -> workers that do not.
        var missing: [String: [PausedConsumer]] = [:]
        /// Queues that can be forgotten.
        var done: [String] = []
    }

    private(set) var rows: [String: PausedQueue] = [:]

    /// Takes what is recorded.
    init(_ rows: [PausedQueue] = []) {
        for row in rows { self.rows[row.queue] = row }
    }

    /// Whether there is nothing to assert.
    var isEmpty: Bool { rows.isEmpty }

    /// Names of the queues that are paused, sorted.
    var paused: [String] {
        rows.values.filter { $0.resumedAt == nil }.map(\.queue).sorted()
    }

    /// Whether a queue is to stay without consumers.
    func isPaused(_ queue: String) -> Bool {
        rows[queue].map { $0.resumedAt == nil } ?? false
    }

    /// What the fleet is told.
    var wish: [String: QueuePause] {
        rows.filter { $0.value.resumedAt == nil }.mapValues {
            QueuePause(by: $0.by, at: $0.at, reason: $0.reason, resumeAt: $0.resumeAt)
        }
    }

    // MARK: - What is recorded

    /// A queue is paused; who would consume it stays known.
    mutating func pause(_ row: PausedQueue) {
        let known = rows[row.queue]?.consumers ?? []
        rows[row.queue] = row
        rows[row.queue]?.consumers = known
        remember(row.consumers, of: row.queue)
    }

    /// A paused queue is to be consumed again.
    mutating func resume(_ row: ResumedQueue) {
        rows[row.queue]?.resumedAt = row.at
    }

    /// Takes what a worker says it consumes.
    ///
    /// - Returns: by paused queue, how the worker would consume it, where that is news.
    mutating func learn(
        _ consumed: [ConsumedQueue], of worker: String
    ) -> [String: PausedConsumer] {
        var news: [String: PausedConsumer] = [:]
        for queue in consumed where isPaused(queue.name) {
            let consumer = PausedConsumer(worker: worker, queue)
            guard rows[queue.name]?.consumers.contains(consumer) == false else { continue }
            remember([consumer], of: queue.name)
            news[queue.name] = consumer
        }
        return news
    }

    /// Notes who consumes a queue that is paused.
    ///
    /// - Returns: those that are news.
    mutating func note(_ consumers: [PausedConsumer], of queue: String) -> [PausedConsumer] {
        guard isPaused(queue) else { return [] }
        let known = rows[queue]?.consumers ?? []
        let news = consumers.filter { !known.contains($0) }
        remember(news, of: queue)
        return news
    }

    /// Workers are not to consume a queue when it is resumed.
    mutating func forget(_ workers: [String], of queue: String) {
        rows[queue]?.consumers.removeAll { workers.contains($0.worker) }
    }

    /// A queue that was resumed needs nothing more.
    mutating func close(_ queue: String) {
        guard !isPaused(queue) else { return }
        rows[queue] = nil
    }

    private mutating func remember(_ consumers: [PausedConsumer], of queue: String) {
        let names = consumers.map(\.worker)
        rows[queue]?.consumers.removeAll { names.contains($0.worker) }
        rows[queue]?.consumers += consumers
    }

    // MARK: - What is due

    /// Paused queues whose time is over, sorted.
    func due(now: Double) -> [String] {
        rows.values.filter { $0.resumedAt == nil && ($0.resumeAt ?? .infinity) <= now }
            .map(\.queue).sorted()
    }

    /// Paused queues of which a worker that has just appeared is told before it says what it consumes:
    /// all if they are few, else those that it consumed, as far as they are few.
    func blind(for worker: String) -> [String] {
        let all = paused
        guard all.count > PauseLimits.blindQueues else { return all }
        let known = all.filter { queue in
            rows[queue]?.consumers.contains { $0.worker == worker } ?? false
        }
        return Array(known.prefix(PauseLimits.blindQueues))
    }

    /// Looks at the queues that are being resumed.
    ///
    /// - Parameter consumes: whether a worker consumes a queue, by what it has said since a time; `nil`
    ///   if it has said nothing since.
    func resumption(
        now: Double,
        consumes: (_ worker: String, _ queue: String, _ since: Double) -> Bool?
    ) -> Resumption {
        var found = Resumption()
        for row in rows.values {
            guard let resumedAt = row.resumedAt else { continue }
            var back: [String] = []
            var missing: [PausedConsumer] = []
            for consumer in row.consumers {
                switch consumes(consumer.worker, row.queue, resumedAt + PauseLimits.driftGrace) {
                case true?: back.append(consumer.worker)
                case false?: missing.append(consumer)
                case nil: break
                }
            }
            let isOver = now - resumedAt > PauseLimits.resumeSeconds
            if back.count == row.consumers.count || isOver {
                found.done.append(row.queue)
                continue
            }
            if !back.isEmpty { found.back[row.queue] = back }
            if !missing.isEmpty { found.missing[row.queue] = missing }
        }
        found.done.sort()
        return found
    }
}
