package import Fleet

extension WorkerStats {
    /// Reads the answer to `stats`. What is absent or of another type is left out.
    package init(_ value: JsonValue) {
        self.init()
        let pool = value["pool"] ?? .null
        pid = Bounded.count(value["pid"])
        // Celery writes it as text.
        clock = value["clock"]?.string.flatMap(Int64.init)
        uptime = Bounded.seconds(value["uptime"])
        self.pool =
            WorkerStats.poolName(pool["implementation"]?.string) ?? WorkerStats.poolName(of: pool)
        concurrency = Bounded.count(pool["max-concurrency"])
        processes = (pool["processes"]?.boundedArray ?? []).compactMap(Bounded.count)
        prefetch = Bounded.count(value["prefetch_count"])
        if let timeouts = pool["timeouts"]?.array, timeouts.count == 2 {
            softTimeLimit = Bounded.seconds(timeouts[0])
            hardTimeLimit = Bounded.seconds(timeouts[1])
        }
        autoscaleMin = Bounded.count(value["autoscaler"]?["min"])
        autoscaleMax = Bounded.count(value["autoscaler"]?["max"])
        let usage = value["rusage"] ?? .null
        cpuUser = Bounded.seconds(usage["utime"])
        cpuSystem = Bounded.seconds(usage["stime"])
        maxRSSKibibytes = Bounded.count(usage["maxrss"])
        for member in (value["total"]?.object ?? []).prefix(CeleryLimits.maxReplyItems) {
            let name = Bounded.text(member.name, limit: CeleryLimits.maxNameBytes)
            if let count = Bounded.count(member.value) { totals[name] = count }
        }
    }

    /// The name that `celery worker -P` takes: `prefork` of `celery.concurrency.prefork:TaskPool`.
    private static func poolName(_ implementation: String?) -> String? {
        guard let implementation, let module = implementation.split(separator: ":").first,
            let last = module.split(separator: ".").last
        else { return nil }
        // The one module that is not called as its pool.
        if last == "thread" { return "threads" }
        return Bounded.text(String(last), limit: CeleryLimits.maxNameBytes)
    }
    /// The same before Celery 5.3, whose pools do not tell what they are: each has figures that no other
    /// has (`_get_info` in celery/concurrency/).
    private static func poolName(of info: JsonValue) -> String? {
        guard let members = info.object, !members.isEmpty else { return nil }
        if info["writes"] != nil { return "prefork" }
        if info["threads"] != nil { return "threads" }
        if info["running-threads"] != nil { return "eventlet" }
        if info["processes"] != nil { return "solo" }
        return members.map(\.name) == ["max-concurrency"] ? "gevent" : nil
    }
}
