internal import WireFormats

/// Bounds of commands for many tasks (R41, R43).
enum BulkLimits {
    /// Tasks of one plan.
    static let tasks = 10_000
    /// Seconds for which a plan can be used.
    static let planSeconds: Double = 60
    /// Plans kept of one principal, and of all.
    static let plansPerPrincipal = 2
    static let plans = 32
    /// Tokens of used plans that are remembered.
    static let usedPlans = 1_000
    /// Tasks of a plan, or outcomes, in one answer.
    static let page = DetailRequest.mostOutcomes
    /// Commands for many that one principal may have in flight.
    static let inFlight = 1
    /// Ids in one message to the workers: they write a result for each before they do anything else.
    static let revokedAtOnce = 500
    /// Task messages in one script.
    static let publishedAtOnce = 200
    /// Milliseconds between two of them.
    static let publishPauseMilliseconds = 10
    /// Results read at once.
    static let resultsAtOnce = 1_000
    /// Commands for many whose outcomes are kept.
    static let kept = 8
    /// Tasks for each of which there is a second more until a command is `unknown`.
    static let tasksPerSecond = 100.0
    /// Plans being made at a time.
    static let making = 4
}
