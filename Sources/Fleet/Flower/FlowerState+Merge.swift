extension FlowerTask {
    /// Order of states in `celery/states.py`: a lower number is later.
    private static func precedence(_ state: String) -> Int {
        switch state {
        case "SUCCESS": 0
        case "FAILURE": 1
        case "REVOKED": 3
        case "STARTED": 4
        case "RECEIVED": 5
        case "REJECTED": 6
        case "RETRY": 7
        case "PENDING": 8
        default: 2
        }
    }

    /// Merges an event as `Task.event` and the dispatcher of `State` do.
    mutating func take(_ event: TaskEvent, receivedAt: Double, customFields: Int) {
        if event.kind == .sent {
            client = event.origin.hostname
        } else {
            worker = event.origin.hostname
        }
        let new = note(event)
        let isOlder =
            new != "RETRY" && state != "RETRY"
            && Self.precedence(new) > Self.precedence(state)
        if isOlder, event.kind == .received {
            // The only kind of which an older event keeps just its description.
            describe(event)
            return
        }
        copy(event, receivedAt: receivedAt, customFields: customFields)
        if !isOlder { state = new }
        // Older or not: the event's own timestamp is one of the copied fields.
        timestamp = event.origin.timestamp
    }

    /// Sets the time named after the event, and tells the state it stands for.
    private mutating func note(_ event: TaskEvent) -> String {
        let time = event.origin.timestamp
        switch event.kind {
        case .sent:
            sent = time
            return "PENDING"
        case .received:
            received = time
            return "RECEIVED"
        case .started:
            started = time
            return "STARTED"
        case .succeeded:
            succeeded = time
            return "SUCCESS"
        case .failed:
            failed = time
            return "FAILURE"
        case .retried:
            retried = time
            return "RETRY"
        case .revoked:
            revoked = time
            return "REVOKED"
        case .rejected:
            rejected = time
            return "REJECTED"
        case .cancelled: return "CANCELLED"
        case .custom(let name): return name.uppercased()
        }
    }

    /// What received and sent always carry: an absent value is `null` there and is copied as such.
    private mutating func describe(_ event: TaskEvent) {
        name = event.name
        args = event.args
        kwargs = event.kwargs
        parentID = event.parentID
        rootID = event.rootID
        retries = event.retries
        eta = event.eta
        expires = event.expires
    }

    private mutating func copy(_ event: TaskEvent, receivedAt: Double, customFields: Int) {
        hostname = event.origin.hostname
        clock = event.origin.clock
        pid = event.origin.pid
        utcOffset = event.origin.utcOffset
        localReceived = receivedAt
        type = "task-" + event.kind.subject
        copyDescription(event)
        if event.kind == .succeeded || event.result != nil { result = event.result }
        if event.kind == .succeeded || event.runtime != nil { runtime = event.runtime }
        if let value = event.exception { exception = value }
        if let value = event.traceback { traceback = value }
        if event.kind == .revoked {
            terminated = event.terminated
            signum = event.signum
            expired = event.expired
        }
        if event.kind == .rejected { requeue = event.requeue }
        guard let extra = event.extra else { return }
        for field in JSONFields.split(extra, limit: customFields)
        where custom[field.name] != nil || custom.count < customFields {
            custom[field.name] = field.value
        }
    }

    private mutating func copyDescription(_ event: TaskEvent) {
        if event.kind == .sent {
            queue = event.queue
            exchange = event.exchange
            routingKey = event.routingKey
        }
        if event.kind == .sent || event.kind == .received {
            describe(event)
            return
        }
        // Not usual in other kinds, but copied if they are there.
        if let value = event.name { name = value }
        if let value = event.args { args = value }
        if let value = event.kwargs { kwargs = value }
        if let value = event.parentID { parentID = value }
        if let value = event.rootID { rootID = value }
        if let value = event.retries { retries = value }
        if let value = event.eta { eta = value }
        if let value = event.expires { expires = value }
    }
}

extension TaskEvent.Kind {
    /// The part of the event's type after `task-`.
    package var subject: String {
        switch self {
        case .sent: "sent"
        case .received: "received"
        case .started: "started"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .retried: "retried"
        case .revoked: "revoked"
        case .rejected: "rejected"
        case .cancelled: "cancelled"
        case .custom(let name): name
        }
    }
}

extension FlowerWorker {
    /// Copies the fields of a worker event that are there.
    mutating func take(_ event: WorkerEvent) {
        pid = event.origin.pid
        clock = event.origin.clock
        if let value = event.freq { freq = value }
        if let value = event.active { active = value }
        if let value = event.processed { processed = value }
        if let value = event.loadavg { loadavg = value }
        if let value = event.software { software = value }
        if let value = event.version { version = value }
        if let value = event.platform { platform = value }
    }

    /// Stores a sign of life; zero times are ignored, as Celery does.
    mutating func beat(_ heard: Double, timestamp: Double) {
        guard heard != 0, timestamp != 0 else { return }
        if heartbeats.count > 3 { heartbeats.removeFirst() }
        let place = heartbeats.firstIndex { $0 > heard } ?? heartbeats.count
        heartbeats.insert(heard, at: place)
    }
}
