/// The answer of ``Authorization``.
enum Verdict: Equatable, Sendable {
    /// Yes, and nothing is hidden.
    case everything
    /// Yes, but of users' texts only kind and length (R42).
    case masked
    /// No.
    case refused(reason: String)

    /// Why not; `nil` if it is allowed.
    var refusal: String? {
        guard case .refused(let reason) = self else { return nil }
        return reason
    }
}
