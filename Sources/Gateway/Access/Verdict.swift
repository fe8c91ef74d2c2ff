internal import LiveSync

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

    /// What is sent of a topic's rows; `nil` if nothing is.
    func projection(of schema: TopicSchema) -> Projection? {
        switch self {
        case .everything: .everything
        case .masked: Projection(of: schema, masked: Topics.texts(of: schema).sorted())
        case .refused: nil
        }
    }
}
