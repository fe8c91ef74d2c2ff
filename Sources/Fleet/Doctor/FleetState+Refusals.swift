extension FleetState {
    /// A share of its memory beyond which Redis is full: what comes next finds no room.
    private static var full: Double { 0.995 }
    /// A share of its memory beyond which Redis is said to be nearly full.
    private static var nearlyFull: Double { 0.9 }

    /// Notes why events do not reach us, in the newest words; `nil` once they do.
    package mutating func note(eventsLost reason: String?) {
        lossReason = reason
    }

    /// What the broker refuses, or will refuse soon, and what it refuses to us alone.
    func judgeRefusals(_ broker: BrokerFacts, _ found: inout FindingList) {
        judgeRoom(broker, &found)
        if let failure = broker.diskFailure {
            found.add(
                "writes-refused", .error, "broker", "Redis refuses to write",
                "\(failure): tasks cannot be published and results cannot be stored (MISCONF). Celery's workers end on that error: start them again afterwards.",
                BrokerAdvice.disk)
        }
        if broker.isReplica == true {
            found.add(
                "broker-replica", .error, "broker", "The URL leads to a replica",
                "This Redis copies another one and takes no writes (READONLY): workers there can take nothing, and nothing can be published.",
                BrokerAdvice.fix(for: "READONLY") ?? "")
        }
        for forbidden in broker.forbidden {
            found.add(
                "redis-forbids", .error, forbidden.server,
                "Redis forbids what the gateway needs",
                "The user may not do \(forbidden.commands.joined(separator: ", ")): \(forbidden.words)",
                "ACL SETUSER name ~* &* \(forbidden.commands.map { "+" + $0.lowercased() }.joined(separator: " ")), with the user's name."
            )
        }
        if let reason = broker.resultsReason {
            found.add(
                "results-down", .error, "result backend", "Result backend cannot be reached",
                "Results and progress are not known, and no group can be followed: \(reason)",
                BrokerAdvice.fix(for: reason) ?? "Look at the server that --result-backend names.")
        }
    }

    private func judgeRoom(_ broker: BrokerFacts, _ found: inout FindingList) {
        guard broker.maxmemoryPolicy == "noeviction", let most = broker.maxmemory, most > 0,
            let used = broker.usedMemory
        else { return }
        let words = "\(Bounded.bytes(used)) of \(Bounded.bytes(most)) are used"
        if Double(used) >= Double(most) * FleetState.full {
            found.add(
                "memory-full", .error, "broker", "Redis is full",
                "\(words): it refuses to write (OOM), so tasks cannot be published and results cannot be stored.",
                BrokerAdvice.memory)
        } else if Double(used) >= Double(most) * FleetState.nearlyFull {
            found.add(
                "memory-full", .warning, "broker", "Redis is nearly full",
                "\(words): once it is full, it refuses to write.", BrokerAdvice.memory)
        }
    }

    /// Records of the gateway that cannot be written.
    func judgeRecords(_ found: inout FindingList) {
        guard let recordsTrouble else { return }
        found.add(
            "records-unwritable", .error, "gateway", "Nothing can be recorded",
            "\(recordsTrouble). Commands are refused until that is over, because none is done that is not on record; everything is shown as before.",
            "Make room on the disk of the data directory (--data), or make it writable again; nothing else is needed."
        )
    }

    /// A gateway that others can reach over connections that anybody between can read.
    func judgeListening(_ found: inout FindingList) {
        guard let openAddress else { return }
        found.add(
            "insecure-listen", .warning, "gateway", "Connections are not encrypted",
            "The gateway listens on \(openAddress) without TLS: whoever is between it and its users can read everything, and take over their sessions.",
            "Give --tls-cert and --tls-key (certs/generate makes a pair), or listen on 127.0.0.1 behind a proxy that speaks TLS."
        )
    }

    /// A clock of the gateway's machine that was set while the gateway runs.
    func judgeClock(_ found: inout FindingList) {
        guard abs(clockError) > limits.skewSeconds else { return }
        let side = clockError > 0 ? "ahead of" : "behind"
        found.add(
            "gateway-clock", .warning, "gateway", "Clock of the gateway was set",
            "Its machine's clock is \(Bounded.duration(abs(clockError))) \(side) the time shown here, which jumps never and draws near slowly.",
            "Nothing, if that clock is right now; restart the gateway to take it over at once. If not, synchronize it (NTP)."
        )
    }
}
