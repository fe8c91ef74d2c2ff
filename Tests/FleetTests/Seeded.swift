import Fleet
import SeededRandom
import Testing

typealias Seeded = SplitMix64

/// Short ways to write events; times are seconds, and stand for themselves.
enum Make {
    static func origin(_ host: String, _ time: Double, pid: Int = 10) -> EventOrigin {
        EventOrigin(hostname: host, timestamp: time, pid: pid, clock: Int64(time * 10))
    }

    static func task(
        _ kind: TaskEvent.Kind, _ id: String = "u1", at time: Double, on host: String = "w1@host",
        pid: Int = 10, _ body: (inout TaskEvent) -> Void = { _ in }
    ) -> CeleryEvent {
        var event = TaskEvent(kind, uuid: id, origin: origin(host, time, pid: pid))
        switch kind {
        case .received, .sent:
            event.name = "t.add"
            event.args = "(1,)"
            event.kwargs = "{}"
            event.rootID = id
            event.retries = 0
            if kind == .sent {
                event.queue = "celery"
                event.exchange = ""
                event.routingKey = "celery"
            }
        case .succeeded:
            event.result = "'2'"
            event.runtime = 0.5
        case .failed, .retried:
            event.exception = "E()"
            event.traceback = "tb"
        case .revoked:
            event.terminated = false
            event.expired = false
        default: break
        }
        body(&event)
        return .task(event)
    }

    static func worker(
        _ kind: WorkerEvent.Kind, at time: Double, on host: String = "w1@host", pid: Int = 10,
        processed: Int? = 0, active: Int? = 0
    ) -> CeleryEvent {
        var event = WorkerEvent(kind, origin: origin(host, time, pid: pid))
        event.freq = 2
        event.active = active
        event.processed = processed
        event.software = "py-celery"
        event.version = "5.7.0"
        event.platform = "Linux"
        return .worker(event)
    }
}

extension FleetState {
    /// Applies each event at its own time.
    mutating func feed(_ events: [CeleryEvent]) {
        for event in events {
            switch event {
            case .task(let task): apply(event, receivedAt: task.origin.timestamp)
            case .worker(let worker): apply(event, receivedAt: worker.origin.timestamp)
            }
        }
    }
}

/// What must hold of any state, whatever was fed: counters equal a recount.
func recountDifferences(_ state: FleetState) -> [String] {
    var byState: [String: Int] = [:]
    var active = 0
    var reserved = 0
    var activeByWorker: [String: Int] = [:]
    var byQueue: [String: Int] = [:]
    state.forEachTask { task in
        byState[task.state.name, default: 0] += 1
        switch task.state {
        case .started, .custom:
            active += 1
            if let worker = task.worker { activeByWorker[worker, default: 0] += 1 }
            if let queue = task.queue { byQueue[queue, default: 0] += 1 }
        case .received: reserved += 1
        default: break
        }
        return true
    }
    var differences: [String] = []
    for count in state.stateCounts where byState[count.state] != count.count {
        differences.append("\(count.state): \(count.count), counted \(byState[count.state] ?? 0)")
    }
    if byState.values.reduce(0, +) != state.taskCount { differences.append("taskCount") }
    let summary = state.summary(now: 0)
    if summary.active != active { differences.append("active \(summary.active) != \(active)") }
    if summary.reserved != reserved {
        differences.append("reserved \(summary.reserved) != \(reserved)")
    }
    for name in state.queueNames {
        let told = state.queue(name)?.active ?? -1
        if told != byQueue[name] ?? 0 { differences.append("queue \(name): \(told)") }
    }
    return differences
}

/// Records by queue, name and state, counted one by one.
func recountLoads(_ state: FleetState) -> [String: [Int]] {
    var counted: [String: [Int]] = [:]
    let live = Set(state.queueNames)
    state.forEachTask { task in
        let queue = task.queue.flatMap { live.contains($0) ? $0 : nil }
        let pair = "\(queue ?? "-") \(task.name ?? "-")"
        let place = TaskLoad.states.firstIndex(of: task.state.name) ?? TaskLoad.states.count - 1
        counted[pair, default: Array(repeating: 0, count: TaskLoad.states.count)][place] += 1
        return true
    }
    return counted
}

/// The same as it is kept up to date.
func toldLoads(_ state: FleetState) -> [String: [Int]] {
    var told: [String: [Int]] = [:]
    for number in state.loadNumbers {
        guard let load = state.load(number) else { continue }
        let pair = "\(load.queue ?? "-") \(load.name ?? "-")"
        #expect(told[pair] == nil, "\(pair) has two places")
        told[pair] = load.counts
    }
    return told
}
