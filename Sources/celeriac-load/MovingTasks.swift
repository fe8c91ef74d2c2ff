internal import LiveSync

/// Rows of tasks as a busy fleet has them: new ones are received, started and done, old ones go.
///
/// The numbers are made, the same in every run; only the sync engine is real here.
struct MovingTasks {
    static let sorts = ["seen", "received", "started", "runtime", "name", "state", "queue"]
    static let schema = TopicSchema(
        name: "tasks", kind: .windows,
        fields: [
            "name", "state", "worker", "pid", "queue", "exchange", "routingKey", "priority", "sent",
            "received", "started", "finished", "seen", "wait", "runtime", "retries", "eta",
            "expires", "args", "kwargs", "result", "exception", "progress", "parentId", "rootId",
            "groupId", "redelivered", "terminated", "stale", "reason",
        ],
        filters: ["state", "name", "queue", "worker"], sorts: sorts)
    static let names = 200
    static let queues = 20
    static let workers = 50

    let engine: SyncEngine
    let topic: TopicID
    private let rows: Int
    /// Numbers of the oldest task that is kept, of the next to start and to end, and of the next new one.
    private var oldest = 0
    private var toStart = 0
    private var toEnd = 0
    private var next = 0
    private var random = UInt64(0x9E37_79B9)
    /// Unix seconds, by the events.
    private var clock = 1_764_000_000.0

    /// Fills the topic with tasks that are done, and some that are not.
    init(engine: SyncEngine, rows: Int) {
        self.engine = engine
        self.rows = rows
        topic = engine.topic(named: "tasks")
        for _ in 0..<3 * rows { event() }
    }

    /// One event: a task is received, another started, a third done, in turn.
    mutating func event() {
        clock += 0.001
        if toStart - toEnd > 64 {
            end()
        } else if next - toStart > 64 {
            start()
        } else {
            receive()
        }
    }

    private mutating func below(_ limit: Int) -> Int {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(random >> 33) % limit
    }

    private func id(_ number: Int) -> String { "4b2c91d0-0000-4000-8000-\(number)" }

    private func set(_ number: Int, _ fields: KeyValuePairs<String, FieldValue>) {
        engine.upsert(
            topic, id: id(number),
            fields.compactMap { name, value in
                Self.schema.column(name).map { FieldUpdate($0, value) }
            })
    }

    private mutating func receive() {
        let queue = "queue\(below(Self.queues))"
        let rounded = (clock * 1000).rounded() / 1000
        set(
            next,
            [
                "name": .text("app.tasks.job\(below(Self.names))"), "state": .text("RECEIVED"),
                "worker": .text("celery@w\(below(Self.workers))"), "queue": .text(queue),
                "routingKey": .text(queue), "seen": .double(rounded), "received": .double(rounded),
                "retries": .int(0), "args": .text("(\(next), 'x')"), "kwargs": .text("{}"),
                "rootId": .text(id(next)),
            ])
        next += 1
        guard next - oldest > rows else { return }
        engine.remove(topic, id: id(oldest))
        oldest += 1
    }

    private mutating func start() {
        set(
            toStart,
            ["state": .text("STARTED"), "started": .double(clock), "pid": .int(below(4_000))])
        toStart += 1
    }

    private mutating func end() {
        let isFailed = below(20) == 0
        set(
            toEnd,
            [
                "state": .text(isFailed ? "FAILURE" : "SUCCESS"), "finished": .double(clock),
                "runtime": .double(Double(below(50_000)) / 1000), "result": .text("None"),
            ])
        toEnd += 1
    }
}
