extension FleetState {
    /// The least Redis that Celery 5.7 works with: its kombu says `ZRANGE … BYSCORE REV`.
    private static var leastRedis: (major: Int, minor: Int) { (6, 2) }
    /// Redis's own limits for subscribers; below them a burst of events cuts workers and us off.
    private static var usualHardLimit: Int { 32 << 20 }
    private static var usualSoftLimit: Int { 8 << 20 }

    /// Takes what the broker says about itself; `nil` once it cannot be asked.
    package mutating func apply(broker facts: BrokerFacts?) {
        broker = facts
    }

    func judgeBroker(_ found: inout FindingList) {
        guard let broker else { return }
        judgeVersion(broker, &found)
        judgeMemory(broker, &found)
        judgeRefusals(broker, &found)
        judgeSubscribers(broker, &found)
        if broker.appendsToFile == false, broker.makesSnapshots == false {
            found.add(
                "no-persistence", .warning, "broker", "Redis keeps nothing over a restart",
                "appendonly is no and save is empty: when Redis ends, all queues and unacknowledged messages are gone.",
                "CONFIG SET appendonly yes, and the same in redis.conf.")
        }
        if let count = broker.forgottenReplies, count > 0 {
            found.add(
                "reply-keys-leak", .warning, "broker", "Answers that nobody fetches",
                "\(count) lists of answers to remote control lie in Redis without a time to live: their askers died before they cleaned up.",
                "DEL the lists *.reply.celery.pidbox that are idle; look for programs that broadcast and are killed."
            )
        }
        for name in broker.unverified {
            found.add(
                "tls-unverified", .warning, name, "Certificate is not checked",
                "The URL of the \(name) says ssl_cert_reqs=none: whoever sits in between can read and change everything.",
                "Give ssl_cert_reqs=required and ssl_ca_certs=FILE in the URL.")
        }
    }

    private func judgeVersion(_ broker: BrokerFacts, _ found: inout FindingList) {
        guard let version = broker.version else { return }
        let parts = version.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard parts.count == 2 else { return }
        let least = FleetState.leastRedis
        guard (parts[0], parts[1]) < (least.major, least.minor) else { return }
        found.add(
            "redis-old", .error, "broker", "Redis is too old",
            "It is \(version); Celery 5.7 needs \(least.major).\(least.minor) (ZRANGE with BYSCORE and REV): messages of dead workers are not restored.",
            "Upgrade Redis to \(least.major).\(least.minor) or later.")
    }

    private func judgeMemory(_ broker: BrokerFacts, _ found: inout FindingList) {
        guard let policy = broker.maxmemoryPolicy, policy != "noeviction" else { return }
        // Without a limit nothing is thrown away yet; the day somebody sets one, it is.
        let isLimited = broker.maxmemory != 0
        found.add(
            "maxmemory-policy", isLimited ? .error : .warning, "broker",
            "Redis may throw messages away",
            "maxmemory-policy is \(policy)"
                + (isLimited
                    ? ": when memory is full, queues and unacknowledged messages are evicted like a cache."
                    : "; there is no maxmemory now, but once there is one, queues are evicted like a cache."),
            "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf; keep caches in another Redis."
        )
    }

    private func judgeSubscribers(_ broker: BrokerFacts, _ found: inout FindingList) {
        let hard = broker.pubsubHardLimit ?? 0
        let soft = broker.pubsubSoftLimit ?? 0
        let isTight =
            (hard > 0 && hard < FleetState.usualHardLimit)
            || (soft > 0 && soft < FleetState.usualSoftLimit)
        if isTight {
            found.add(
                "output-buffer-limit", .warning, "broker", "Subscribers are cut off early",
                "client-output-buffer-limit pubsub is \(Bounded.bytes(hard)) at once, \(Bounded.bytes(soft)) for a while: a burst of events ends subscriptions, and what waited is lost.",
                "CONFIG SET client-output-buffer-limit \"pubsub 33554432 8388608 60\" or more."
            )
        } else if broker.pubsubHardLimit == 0 {
            found.add(
                "output-buffer-limit", .info, "broker", "Subscribers are never cut off",
                "client-output-buffer-limit pubsub has no hard limit: a subscriber that stalls fills the memory of Redis.",
                "CONFIG SET client-output-buffer-limit \"pubsub 33554432 8388608 60\" or more."
            )
        }
        if let old = broker.unnumberedListeners, old > 0 {
            // New workers with sentinel_fanout_compat listen to both names. Who has not told may be one.
            let both = workers.places.count {
                workers[$0].health.isUp && workers[$0].settings?.listensToOldNames ?? true
            }
            let isOnlyOld = old > both
            found.add(
                "kombu-sentinel", isOnlyOld ? .error : .info, "broker",
                isOnlyOld
                    ? "Workers with an old kombu on Sentinel"
                    : "Workers listen to the names of an old kombu",
                "\(old) listen to the control channel /{db}.celery.pidbox: on Sentinel, kombu before 5.4 puts no number in its channels"
                    + (isOnlyOld
                        ? ", so remote control does not reach these workers and their events do not reach us."
                        : "; newer workers with sentinel_fanout_compat listen to both names."),
                isOnlyOld
                    ? "Upgrade kombu to 5.4 or later on all workers."
                    : "Once no kombu before 5.4 is left, unset sentinel_fanout_compat.")
        }
    }
}
