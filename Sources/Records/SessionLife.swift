internal import Ports

/// How long a session lives: for some time after its last use, and never beyond an end.
struct SessionLife {
    private let idle: Double
    private let whole: Double

    /// The life that a role's sessions have. Nobody logs a wall display in every morning, and all it
    /// can do is read, so its sessions last.
    init(role: Role?) {
        idle = role == .wall ? Limits.wallIdleSeconds : Limits.sessionIdleSeconds
        whole = role == .wall ? Limits.wallSeconds : Limits.sessionSeconds
    }

    /// When a session ends, unix seconds.
    func end(opened: Double, used: Double) -> Double {
        min(opened + whole, used + idle)
    }
}
