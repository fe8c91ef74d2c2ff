internal import LiveSync

/// The topics and their columns, as docs/topics.md names them.
enum Topics {
    /// Aggregates.
    static let stats = TopicSchema(
        name: "stats", kind: .whole,
        fields: [
            "workersOnline", "workers", "queues", "queueDepth", "tasks", "active", "reserved",
            "eventsPerSecond", "throughput", "throughput10s", "throughput5m", "successRate",
            "runtimeMean", "waitMean", "completeness", "state", "count", "name", "succeeded",
            "failed", "retried", "runtimeMax", "succeeded5m", "failed5m",
            "runtimeP50", "runtimeP95", "runtimeP99", "waitP50", "waitP95", "waitP99",
            "queue", "counts", "le", "runtimes", "waits",
        ])

    /// Worker nodes.
    static let workers = TopicSchema(
        name: "workers", kind: .whole,
        fields: [
            "state", "reason", "pid", "pool", "concurrency", "processes", "active", "reserved",
            "scheduled", "processed", "prefetch", "load", "loadavg", "queues", "heartbeat", "freq",
            "drift", "uptime", "statsAt", "startedAt", "memoryBytes", "cpuUser", "cpuSystem",
            "software", "platform", "autoscale", "poolRestarts", "events", "registered",
            "rateLimits", "duplicates", "completeness", "stale", "offlineAt", "cannot",
            "answersLate", "oldestActive",
        ],
        filters: ["id", "state", "pool"])

    /// Queues.
    static let queues = TopicSchema(
        name: "queues", kind: .whole,
        fields: [
            "depth", "steps", "unreachable", "unacked", "active", "reserved", "scheduled",
            "consumers", "workers", "oldestAge", "rateIn", "rateOut", "runtimeMean", "waitMean",
            "state", "stale", "priorities",
            "pausedBy", "pausedAt", "pauseReason", "resumeAt", "stillConsuming",
            "runtimeP50", "runtimeP95", "runtimeP99", "waitP50", "waitP95", "waitP99",
        ],
        filters: ["id", "state"])

    /// Commands and what became of them.
    static let commands = TopicSchema(
        name: "commands", kind: .whole,
        fields: [
            "cmd", "args", "target", "state", "by", "at", "sentAt", "endedAt", "deadlineAt",
            "evidence", "reason", "fix", "taskId", "silent",
            "total", "done", "refused", "principal",
        ],
        filters: ["id", "cmd", "state", "by"])

    /// What is known about our own knowledge.
    static let health = TopicSchema(
        name: "health", kind: .whole,
        fields: [
            "state", "since", "url", "server", "probeMs", "detail", "events", "batches", "bytes",
            "skipped", "undecodable", "dropped", "eventsPerSecond", "lagMs", "asOf",
            "residentBytes", "allocatedBytes",
            "commandsPerMinute", "publishesPerMinute", "bytesPerMinute", "ceiling", "putOff",
            "overall",
            "seen", "expected", "window", "clients", "subscriptions", "framesPerSecond",
            "bytesPerSecond", "from", "to", "reason", "lost", "reconciledAt", "link", "worker",
            "pid", "lastSeen", "leftAt", "held", "followed",
        ])

    /// What somebody should look at.
    static let alerts = TopicSchema(
        name: "alerts", kind: .whole,
        fields: [
            "severity", "title", "detail", "fix", "subject", "since", "rule", "offer", "workers",
        ],
        filters: ["id", "severity", "rule"])

    /// What purges have removed and can be restored.
    static let trash = TopicSchema(
        name: "trash", kind: .whole,
        fields: ["queue", "count", "left", "steps", "at", "expires", "by", "command"],
        filters: ["id", "queue"])

    /// The newest lines of the audit.
    static let audit = TopicSchema(
        name: "audit", kind: .whole,
        fields: ["at", "by", "from", "action", "target", "outcome", "detail"],
        filters: ["id", "by", "action", "outcome"])

    /// Tasks, in windows.
    static let tasks = TopicSchema(
        name: "tasks", kind: .windows,
        fields: [
            "name", "state", "worker", "pid", "queue", "exchange", "routingKey", "priority", "sent",
            "received", "started", "finished", "seen", "wait", "runtime", "retries", "eta",
            "expires", "args", "kwargs", "result", "exception", "progress", "parentId", "rootId",
            "groupId", "redelivered", "redeliverAt", "terminated", "stale", "reason",
        ],
        filters: ["state", "name", "queue", "worker"],
        sorts: ["seen", "received", "started", "runtime", "name", "state", "queue"],
        // Not `stale` and `reason`: after a gap all rows have them.
        rare: [
            "priority", "eta", "expires", "exception", "progress", "parentId", "groupId",
            "redelivered", "redeliverAt", "terminated",
        ])

    /// All of them, in the order of their numbers in the engine.
    static let all = [stats, workers, queues, commands, health, alerts, tasks, trash, audit]

    /// Fields of a topic that hold the texts of users: what a task or a command was called with, what came
    /// out of it, and what workers say in their own words.
    static func texts(of schema: TopicSchema) -> Set<String> { textFields[schema.name] ?? [] }

    private static let textFields: [String: Set<String>] = [
        "tasks": ["args", "kwargs", "result", "exception", "progress"],
        "commands": ["args", "evidence", "reason"],
    ]
}
