internal import Fleet
internal import WireFormats

/// Tells from what workers say about themselves whether a command had its effect.
enum CommandEffects {
    /// The effect of a command on the pool.
    ///
    /// - Parameters:
    ///   - stats: the worker's figures now.
    ///   - before: its figures before the command.
    /// - Returns: the effect in words; `nil` if it is not seen.
    static func seen(
        in stats: WorkerStats, before: WorkerStats?, of method: ControlMethod
    ) -> String? {
        switch method {
        case .poolRestart: restarted(Set(before?.processes ?? []), Set(stats.processes))
        case .poolGrow(let count): resized(stats, before, by: count)
        case .poolShrink(let count): resized(stats, before, by: -count)
        case .autoscale(let most, let least):
            stats.autoscaleMax == most && stats.autoscaleMin == least
                ? "stats show the autoscaler at \(least) to \(most)" : nil
        default: nil
        }
    }

    /// A restart is proven by a pool process that was not there before in the place of one that was.
    ///
    /// billiard marks every process for replacement and wakes one with an empty job; each of the
    /// others ends with its next task (`Pool.restart` in billiard/pool.py, `TaskPool.restart` in
    /// celery/concurrency/prefork.py). That is all a restart ever does, and the evidence says so.
    private static func restarted(_ before: Set<Int>, _ after: Set<Int>) -> String? {
        let new = after.subtracting(before)
        guard !new.isEmpty, !before.isSubset(of: after) else { return nil }
        let old = after.intersection(before)
        var text = "new pool processes \(listed(new))"
        if !old.isEmpty { text += "; \(listed(old)) follow when they take their next task" }
        return text
    }

    private static func listed(_ pids: Set<Int>) -> String {
        pids.sorted().map(String.init).joined(separator: ", ")
    }

    private static func resized(
        _ stats: WorkerStats, _ before: WorkerStats?, by count: Int
    ) -> String? {
        guard let old = before.flatMap(size), let new = size(stats) else { return nil }
        let isReached = count > 0 ? new >= old + count : new <= old + count
        return isReached ? "stats show \(new) pool slots, \(old) before" : nil
    }

    /// Slots of a pool: of prefork the processes, because `max-concurrency` stays as it started.
    private static func size(_ stats: WorkerStats) -> Int? {
        stats.pool == "prefork" ? stats.processes.count : stats.concurrency
    }

    /// The effect of a command on a task's limits, in the answer to `registered`.
    static func limitsSeen(in value: JsonValue, of method: ControlMethod) -> String? {
        guard let tasks = value.array?.prefix(CeleryLimits.maxReplyItems) else { return nil }
        func limits(of task: String) -> [String: String]? {
            for case .string(let text) in tasks {
                if let fields = RegisteredTask.fields(text: text), fields.name == task {
                    return fields.values
                }
            }
            return nil
        }
        switch method {
        case .rateLimit(let task, let limit):
            guard let limits = limits(of: task), limits["rate_limit"] ?? "0" == limit ?? "0" else {
                return nil
            }
            return "registered shows " + (limit.map { "rate limit \($0)" } ?? "no rate limit")
        case .timeLimit(let task, let soft, let hard):
            guard let now = limits(of: task), now["soft_time_limit"].flatMap(Double.init) == soft,
                now["time_limit"].flatMap(Double.init) == hard
            else { return nil }
            func text(_ seconds: Double?) -> String { seconds.map { "\($0) s" } ?? "none" }
            return "registered shows soft limit \(text(soft)), hard limit \(text(hard))"
        default: return nil
        }
    }

    /// The effect of a command on the queues that are consumed.
    static func seen(in queues: [ConsumedQueue], of method: ControlMethod) -> String? {
        switch method {
        case .addConsumer(let queue, _, _, _):
            queues.contains { $0.name == queue } ? "active_queues shows \(queue)" : nil
        case .cancelConsumer(let queue):
            queues.contains { $0.name == queue }
                ? nil : "active_queues does not show \(queue)"
        default: nil
        }
    }
}
