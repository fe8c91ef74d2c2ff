/// Something about the fleet that somebody should look at, with what to change.
package struct Finding: Sendable, Equatable {
    package enum Severity: String, Sendable, CaseIterable {
        case error, warning, info
    }

    /// Id of the rule, such as `events-off`.
    package var rule: String
    package var severity: Severity
    package var title: String
    package var detail: String
    /// What to change.
    package var fix: String
    /// `worker celery@a`, `queue mail`, `broker`, `result backend`, `gateway`.
    package var subject: String
    /// Since when it holds, unix seconds.
    package var since: Double
    /// What puts it right for now, if a command does.
    package var offer: Offer?

    /// A command that can be given at once.
    package struct Offer: Sendable, Equatable {
        /// Name of the command.
        package var command: String
        /// Names of the workers it is for; none if whoever gives it has to choose.
        package var workers: [String] = []
    }

    /// Unique among the findings of a moment.
    package var id: String { "\(rule):\(subject)" }
}
