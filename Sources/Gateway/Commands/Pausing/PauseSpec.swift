internal import WireFormats

/// Arguments of `queue.pause`.
struct PauseSpec: Equatable, Sendable {
    /// The queue.
    var queue: String
    /// When it is to be resumed; `nil` if by hand only.
    var end: RunSpec.Moment?
    /// Why.
    var reason: String?

    /// When it is to be resumed, unix seconds.
    func resumeAt(now: Double) -> Double? {
        switch end {
        case .after(let seconds): now + seconds
        case .at(let text): IsoTime.seconds(text)
        case nil: nil
        }
    }
}
