/// The state of a task or of one attempt, as shown.
package enum TaskState: Sendable, Hashable {
    case pending, received, started, success, failure, retry, revoked, rejected, cancelled
    /// Nobody knows the task any more: no worker holds it, no result tells of it.
    case lost
    /// A state from a custom event or from `update_state`, upper case, such as `PROGRESS`.
    case custom(String)

    /// The name on the wire.
    package var name: String {
        switch self {
        case .pending: "PENDING"
        case .received: "RECEIVED"
        case .started: "STARTED"
        case .success: "SUCCESS"
        case .failure: "FAILURE"
        case .retry: "RETRY"
        case .revoked: "REVOKED"
        case .rejected: "REJECTED"
        case .cancelled: "CANCELLED"
        case .lost: "LOST"
        case .custom(let name): name
        }
    }

    /// Whether nothing more is expected for this attempt.
    package var isFinished: Bool {
        switch self {
        case .success, .failure, .revoked, .rejected, .cancelled, .lost: true
        case .pending, .received, .started, .retry, .custom: false
        }
    }
}
