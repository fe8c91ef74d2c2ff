/// What a worker can be said to be. The raw values are the names on the wire.
package enum WorkerHealth: String, Sendable, CaseIterable {
    /// Heartbeats are fresh.
    case online
    /// Every slot is taken, or a solo worker is silent while its task runs.
    case busy
    /// Signs of life come, but late.
    case slow
    /// Heartbeats come, slots are free, messages wait, and nothing is processed.
    case wedged
    /// It does not answer remote control.
    case unreachable
    /// No recent sign of life, and nothing says why.
    case unknown
    /// It said goodbye and did not come back.
    case offline

    /// Whether the worker counts as up.
    package var isUp: Bool {
        switch self {
        case .online, .busy, .slow, .wedged: true
        case .unreachable, .unknown, .offline: false
        }
    }
}
