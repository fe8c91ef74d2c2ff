/// The tasks of a command for many, fixed by a dry run (R41).
struct TaskPlan: Sendable, Equatable {
    /// One of the tasks, as it was when the plan was made.
    struct Entry: Sendable, Equatable {
        let id: String
        var name: String?
        var state: String
        var queue: String?
        var worker: String?
    }

    /// Names it; nobody can guess it.
    let token: String
    /// The command it is for.
    let command: String
    /// Who made it: nobody else can use it.
    let principal: String
    /// The tasks, the newest first.
    let entries: [Entry]
    /// Why tasks that match are not in it -> how many.
    let skipped: [String: Int]
    /// Unix seconds after which it cannot be used.
    let expiresAt: Double
}
