extension FleetState {
    /// What somebody should look at, decided from the fleet's facts alone.
    package func findings(now: Double) -> [Finding] {
        var found = FindingList(since: findingsSince, now: now)
        for place in workers.places { judgeWorker(workers[place], &found, now: now) }
        for place in queues.places { judgeQueue(place, &found, now: now) }
        judgeFleet(&found, now: now)
        judgeBroker(&found)
        judgeClock(&found)
        judgeRecords(&found)
        judgeListening(&found)
        return found.all
    }

    /// Notes since when each finding holds, and forgets those that are over.
    mutating func rememberFindings(now: Double) {
        var since: [String: Double] = [:]
        for finding in findings(now: now) { since[finding.id] = findingsSince[finding.id] ?? now }
        findingsSince = since
    }

    private func judgeWorker(_ worker: WorkerSlot, _ found: inout FindingList, now: Double) {
        let subject = "worker \(worker.name)"
        guard worker.offlineAt.isNaN else { return }
        if worker.eventsOn == false {
            found.add(
                "events-off", .warning, subject, "Task events are off",
                "\(worker.name) processes tasks, but sends no task events: its tasks are not seen.",
                "Start the worker with -E or set worker_send_task_events = True; enable_events by remote control lasts until it restarts.",
                offer: Finding.Offer(command: "worker.enableEvents", workers: [worker.name]))
        }
        // Against a clock that was set here, all workers look wrong: theirs are judged by the new time.
        let skew = worker.offset == 0 ? 0 : worker.offset - clockError
        if abs(skew) > limits.skewSeconds {
            let side = skew > 0 ? "ahead of" : "behind"
            found.add(
                "clock-skew", .warning, subject, "Clock is wrong",
                "Its clock is \(Bounded.duration(abs(skew))) \(side) ours. Times shown are corrected; eta and expires are not.",
                "Synchronize the clock of its host (NTP).")
        }
        if worker.duplicates > 1 {
            found.add(
                "duplicate-name", .error, subject, "Several workers with one name",
                "\(worker.duplicates) processes answer to \(worker.name): commands to it reach all of them, and their figures are mixed.",
                "Give each worker its own name with -n.")
        }
        switch worker.health {
        case .wedged:
            found.add(
                "worker-wedged", .error, subject, "Worker takes no tasks", worker.reason,
                "Restart the worker; celery#8030 and #8091 describe versions that do this after a Redis reconnect."
            )
        case .unreachable:
            found.add(
                "worker-unreachable", .error, subject, "Worker does not answer", worker.reason,
                worker.answeredAt.known == nil
                    ? "Look at its host and log. If its heartbeats come and it never answered, it runs with worker_enable_remote_control = False: set it to True, or nothing can be asked of it and no command reaches it."
                    : "Look at its host and log. If its heartbeats come, it lost its control connection: restart it."
            )
        case .online, .busy, .slow, .unknown, .offline: break
        }
        judgeSettings(worker, subject, &found)
        let sums = worker.meterSums
        if sums.expected >= 100, sums.seen * 100 < sums.expected * 99 {
            found.add(
                "events-incomplete", .warning, subject, "Events are missing",
                "Of its last \(sums.expected) starts only \(sums.seen) were seen.",
                "Look for gaps in health, and at client-output-buffer-limit of the Redis server. Tasks with send_events = False are not expected."
            )
        }
    }

    private func judgeSettings(
        _ worker: WorkerSlot, _ subject: String, _ found: inout FindingList
    ) {
        let pool = worker.stats?.pool
        if pool == "prefork", worker.settings?.poolRestarts == false {
            found.add(
                "pool-restarts-off", .info, subject, "Pool cannot be restarted",
                "Restart from here is not possible on \(worker.name).",
                "Set worker_pool_restarts = True.")
        }
        if pool == "solo" || pool == "threads" {
            found.add(
                "pool-cannot-terminate", .info, subject, "Running tasks cannot be terminated",
                "The \(pool ?? "") pool cannot stop a task that runs.",
                "Use the prefork pool where tasks must be stopped.")
        }
        // What a worker's settings say of who publishes is a guess: what comes tells more.
        if worker.settings?.sendsSentEvent == false, announcements.share == nil {
            addUnannounced(subject, &found)
        }
        let limit = worker.stats?.hardTimeLimit ?? worker.settings?.timeLimit ?? 0
        let visibility = worker.settings?.visibilityTimeout ?? visibilityTimeout
        if worker.settings?.acksLate == true, limit == 0 || limit >= visibility {
            let span = Bounded.duration(visibility)
            found.add(
                "visibility-timeout", .warning, subject, "Long tasks may run twice",
                limit == 0
                    ? "Tasks are acknowledged late and have no time limit: one that runs longer than \(span) is delivered again."
                    : "Tasks are acknowledged late and may run \(Bounded.duration(limit)), but are delivered again after \(span).",
                "Raise visibility_timeout in broker_transport_options above the longest run, or set task_time_limit below it."
            )
        }
    }

    private func addUnannounced(
        _ subject: String, share: Double? = nil, _ found: inout FindingList
    ) {
        let how = (share ?? 0) > 0 ? "Most tasks" : "Tasks"
        found.add(
            "sent-events-off", .info, subject, "Publishing is not announced",
            "\(how) become known only when a worker receives them; time in the queue is not known.",
            "Set task_send_sent_event = True in the programs that publish.")
    }

    private func judgeQueue(_ place: Int32, _ found: inout FindingList, now: Double) {
        let queue = queues[place]
        let subject = "queue \(queue.name)"
        if !queue.unconsumedSince.isNaN, !queue.isPaused {
            found.add(
                "queue-unconsumed", .error, subject, "Nobody consumes this queue",
                "Messages wait in \(queue.name), and no worker takes from it.",
                "Start a worker with -Q \(queue.name), or add it to a running one with add_consumer.",
                offer: Finding.Offer(command: "worker.addConsumer"))
        }
        judgePause(place, &found, now: now)
        if let unreachable = queue.depth?.unreachable, unreachable > 0 {
            found.add(
                "queue-unreachable", .error, subject, "Messages that no worker reads",
                "\(unreachable) messages lie on keys of priority steps that no worker uses.",
                "Publish with the priority_steps of the workers, and move the messages.")
        }
    }

    private func judgeFleet(_ found: inout FindingList, now: Double) {
        if longETAs > 0 {
            found.add(
                "eta-beyond-visibility", .warning, "broker", "Held tasks will be delivered again",
                "\(longETAs) held tasks have an eta further away than the visibility timeout (\(Bounded.duration(visibilityTimeout))): each is delivered again and may run several times.",
                "Raise visibility_timeout in broker_transport_options above the longest eta.")
        }
        judgeHeld(&found, now: now)
        if let share = announcements.share, share < 0.5 {
            addUnannounced("publishers", share: share, &found)
        }
        if let storm, now - storm.at <= 60 {
            found.add(
                "delivery-storm", .error, "task \(storm.id)", "Task comes back again and again",
                "\(storm.name ?? storm.id) was delivered again \(storm.deliveries) times without an end.",
                "Revoke it; look for Reject(requeue=True) or a crash of its worker.")
        }
        guard let gap = gaps.last else { return }
        if gap.to == nil {
            found.add(
                "gap-open", .error, "broker", "Events do not reach us",
                "Nothing has been heard since the gap began: \(lossReason ?? gap.reason)",
                BrokerAdvice.fix(for: lossReason ?? gap.reason)
                    ?? "Look at the Redis server and the network; the gateway reconnects by itself."
            )
        } else if gap.reconciledAt == nil {
            found.add(
                "gap-unreconciled", .warning, "broker", "State is being confirmed",
                "Events may have been lost: \(gap.reason)",
                "Nothing to do if it passes within half a minute.")
        }
    }
}

/// Findings while they are collected.
struct FindingList {
    private let since: [String: Double]
    private let now: Double
    private(set) var all: [Finding] = []

    init(since: [String: Double], now: Double) {
        self.since = since
        self.now = now
    }

    mutating func add(
        _ rule: String, _ severity: Finding.Severity, _ subject: String, _ title: String,
        _ detail: String, _ fix: String, offer: Finding.Offer? = nil
    ) {
        var finding = Finding(
            rule: rule, severity: severity, title: title, detail: detail, fix: fix,
            subject: subject, since: now, offer: offer)
        finding.since = since[finding.id] ?? now
        all.append(finding)
    }
}
