/// The close of a round of questions: who answered, and for whom the backend knows nothing.
package struct Reconciliation: Sendable, Equatable {
    /// When the first question went out, unix seconds. Tasks with newer signs are left alone.
    package var startedAt: Double
    /// Workers that answered `active`, `reserved` and `scheduled` (already applied).
    package var answered: Set<String>
    /// Ids whose result was asked for and that have no final result.
    package var withoutResult: Set<String>
    /// Whether everything was asked that a gap makes doubtful: all workers, and the results of all
    /// open tasks. Only then gaps count as reconciled.
    package var isWhole: Bool

    package init(
        startedAt: Double, answered: Set<String>, withoutResult: Set<String>, isWhole: Bool = true
    ) {
        self.startedAt = startedAt
        self.answered = answered
        self.withoutResult = withoutResult
        self.isWhole = isWhole
    }
}
