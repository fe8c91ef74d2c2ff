package import LiveSync

/// `cmd.plan` (R41): the dry run of a command for many tasks.
package enum PlanRequest: Sendable, Equatable {
    /// Make a plan: the tasks that match and that the command can do something with.
    case make(command: String, filter: FilterExpression)
    /// Read more of the list of a plan.
    case read(plan: String, offset: Int)
}
