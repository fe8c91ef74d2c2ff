/// What one event says about one task, without what the event repeats.
///
/// A task's record is a function of the *set* of its facts: neither the order nor the repetition
/// of events can change it.
struct TaskFact: Sendable, Equatable {
    /// The order is the order of equal times.
    enum Kind: UInt8, Sendable {
        case none, sent, received, started, custom, retried, rejected, cancelled, failed
        case succeeded, revoked

        /// Whether it ends an attempt.
        var endsAttempt: Bool { rawValue >= Kind.retried.rawValue }
    }

    /// Details of an end, and whether the fact is only deduced from a worker's answer.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        static let terminated = Flags(rawValue: 1)
        static let expired = Flags(rawValue: 2)
        static let requeue = Flags(rawValue: 4)
        /// From `inspect`; the real event replaces it.
        static let soft = Flags(rawValue: 8)
    }

    /// Sender's clock.
    var time: Double
    /// Seconds (succeeded), or NaN.
    var runtime = Double.nan
    /// Result, exception, or progress.
    var text: String?
    /// Stable hash of the node name; 0 = none.
    var host: UInt32 = 0
    var pid: Int32 = 0
    /// Of sent and received; 0 otherwise.
    var retries: UInt16 = 0
    var kind: Kind
    var flags: Flags = []
    /// State of a custom event.
    var code: StateCode = .pending

    /// Whether it is the same fact told again.
    func repeats(_ other: TaskFact) -> Bool {
        kind == other.kind && time == other.time && host == other.host && retries == other.retries
    }

    /// Order of facts of one task; `a` and `b` are their times on our clock.
    static func precedes(_ x: TaskFact, at a: Double, _ y: TaskFact, at b: Double) -> Bool {
        if a != b { return a < b }
        if x.kind != y.kind { return x.kind.rawValue < y.kind.rawValue }
        if x.host != y.host { return x.host < y.host }
        return x.retries < y.retries
    }
}

/// A state in one byte: the built-in ones, and custom ones by their place in `StateNames`.
struct StateCode: RawRepresentable, Sendable, Hashable {
    let rawValue: UInt8

    static let pending = StateCode(rawValue: 0)
    static let received = StateCode(rawValue: 1)
    static let started = StateCode(rawValue: 2)
    static let success = StateCode(rawValue: 3)
    static let failure = StateCode(rawValue: 4)
    static let retry = StateCode(rawValue: 5)
    static let revoked = StateCode(rawValue: 6)
    static let rejected = StateCode(rawValue: 7)
    static let cancelled = StateCode(rawValue: 8)
    static let lost = StateCode(rawValue: 9)
    /// First custom state.
    static let firstCustom: UInt8 = 16

    var isCustom: Bool { rawValue >= Self.firstCustom }
    var isFinished: Bool {
        rawValue == 3 || rawValue == 4 || (6...9).contains(rawValue)
    }
    /// Running: STARTED or a custom state, which only a running task can send.
    var isRunning: Bool { rawValue == 2 || isCustom }

    /// The state that an end leads to.
    init(end kind: TaskFact.Kind) {
        switch kind {
        case .succeeded: self = .success
        case .failed: self = .failure
        case .retried: self = .retry
        case .revoked: self = .revoked
        case .rejected: self = .rejected
        case .cancelled: self = .cancelled
        case .none, .sent, .received, .started, .custom: self = .pending
        }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// Custom state names, first come, bounded; the last place is shared by the rest.
struct StateNames: Sendable {
    private var names: [String] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = min(max(limit, 0), 200)
    }

    /// Codes in use: built-in and custom.
    var codeCount: Int { Int(StateCode.firstCustom) + limit + 1 }

    /// The code of a state name as Celery writes it, custom or not.
    mutating func code(_ name: String) -> StateCode {
        switch name {
        case "PENDING": return .pending
        case "RECEIVED": return .received
        case "STARTED": return .started
        case "SUCCESS": return .success
        case "FAILURE": return .failure
        case "RETRY": return .retry
        case "REVOKED": return .revoked
        case "REJECTED": return .rejected
        case "CANCELLED": return .cancelled
        default: return customCode(name)
        }
    }

    /// The code of a custom state, whatever its name: a custom event cannot forge a real state.
    mutating func customCode(_ name: String) -> StateCode {
        if let index = names.firstIndex(of: name) {
            return StateCode(rawValue: StateCode.firstCustom + UInt8(index))
        }
        guard names.count < limit else {
            return StateCode(rawValue: StateCode.firstCustom + UInt8(limit))
        }
        names.append(name)
        return StateCode(rawValue: StateCode.firstCustom + UInt8(names.count - 1))
    }

    /// The state behind a code.
    func state(_ code: StateCode) -> TaskState {
        switch code {
        case .pending: return .pending
        case .received: return .received
        case .started: return .started
        case .success: return .success
        case .failure: return .failure
        case .retry: return .retry
        case .revoked: return .revoked
        case .rejected: return .rejected
        case .cancelled: return .cancelled
        case .lost: return .lost
        default:
            let index = Int(code.rawValue) - Int(StateCode.firstCustom)
            return .custom(index >= 0 && index < names.count ? names[index] : "CUSTOM")
        }
    }
}
