extension FlowerTask {
    /// Merges an event as `Task.event` and the dispatcher of `State` do.
    mutating func take(_ event: borrowing TaskEvent, receivedAt: Double, customFields: Int) {
        if case .sent = event.kind {
            client = event.origin.hostname
        } else {
            worker = event.origin.hostname
        }
        let new = note(event)
        let isOlder = new != .retry && code != .retry && new.rawValue > code.rawValue
        if isOlder, case .received = event.kind {
            // The only kind of which an older event keeps just its description.
            describe(event)
            return
        }
        copy(event, receivedAt: receivedAt, customFields: customFields)
        if !isOlder {
            code = new
            otherState = new == .other ? event.kind.flowerState : nil
        }
        // Older or not: the event's own timestamp is one of the copied fields.
        timestamp = event.origin.timestamp
    }

    /// Sets the time named after the event, and tells the state it stands for.
    private mutating func note(_ event: borrowing TaskEvent) -> FlowerState.Code {
        let time = event.origin.timestamp
        switch event.kind {
        case .sent:
            sent = time
            return .pending
        case .received:
            received = time
            return .received
        case .started:
            started = time
            return .started
        case .succeeded:
            succeeded = time
            return .success
        case .failed:
            failed = time
            return .failure
        case .retried:
            retried = time
            return .retry
        case .revoked:
            revoked = time
            return .revoked
        case .rejected:
            rejected = time
            return .rejected
        case .cancelled: return .other
        case .custom(let name): return FlowerState.Code(custom: name)
        }
    }

    /// What received and sent always carry: an absent value is `null` there and is copied as such.
    private mutating func describe(_ event: borrowing TaskEvent) {
        name = event.name
        args = event.args
        kwargs = event.kwargs
        parentID = event.parentID
        rootID = event.rootID
        retries = event.retries
        eta = event.eta
        expires = event.expires
    }

    private mutating func copy(
        _ event: borrowing TaskEvent, receivedAt: Double, customFields: Int
    ) {
        hostname = event.origin.hostname
        clock = event.origin.clock
        pid = event.origin.pid
        utcOffset = event.origin.utcOffset
        localReceived = receivedAt
        type = event.kind.flowerType
        copyDescription(event)
        switch event.kind {
        case .sent, .received, .started: return
        case .succeeded:
            result = event.result
            runtime = event.runtime
        case .revoked:
            terminated = event.terminated
            signum = event.signum
            expired = event.expired
        case .rejected: requeue = event.requeue
        case .failed, .retried, .cancelled, .custom: break
        }
        if let value = event.result { result = value }
        if let value = event.runtime { runtime = value }
        if let value = event.exception { exception = value }
        if let value = event.traceback { traceback = value }
        guard let extra = event.extra else { return }
        for field in JSONFields.split(extra, limit: customFields)
        where custom[field.name] != nil || custom.count < customFields {
            custom[field.name] = field.value
        }
    }

    private mutating func copyDescription(_ event: borrowing TaskEvent) {
        switch event.kind {
        case .sent:
            queue = event.queue
            exchange = event.exchange
            routingKey = event.routingKey
            describe(event)
        case .received: describe(event)
        default:
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

    /// The event's type.
    fileprivate var flowerType: String {
        switch self {
        case .received: "task-received"
        case .started: "task-started"
        case .succeeded: "task-succeeded"
        default: "task-" + subject
        }
    }

    /// The state that a custom event, or one that Celery does not know, leads to.
    fileprivate var flowerState: String {
        switch self {
        case .custom(let name): name.uppercased()
        default: "CANCELLED"
        }
    }
}

extension FlowerState {
    /// States in the order of `celery/states.py`: a lower number is later, and wins.
    enum Code: UInt8, Sendable {
        case success, failure, other, revoked, started, received, rejected, retry, pending

        var name: String {
            switch self {
            case .success: "SUCCESS"
            case .failure: "FAILURE"
            case .other: ""
            case .revoked: "REVOKED"
            case .started: "STARTED"
            case .received: "RECEIVED"
            case .rejected: "REJECTED"
            case .retry: "RETRY"
            case .pending: "PENDING"
            }
        }

        /// The state of a custom event: one of Celery's own if it is named like it.
        init(custom name: String) {
            switch name.uppercased() {
            case "SUCCESS": self = .success
            case "FAILURE": self = .failure
            case "REVOKED": self = .revoked
            case "STARTED": self = .started
            case "RECEIVED": self = .received
            case "REJECTED": self = .rejected
            case "RETRY": self = .retry
            case "PENDING": self = .pending
            default: self = .other
            }
        }
    }
}

extension FlowerWorker {
    /// Copies the fields of a worker event that are there.
    mutating func take(_ event: borrowing WorkerEvent) {
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
}
