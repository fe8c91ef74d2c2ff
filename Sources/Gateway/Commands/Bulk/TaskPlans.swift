/// The plans that can still be used: a few for each principal, each for a minute, each once.
///
/// A value without a clock. The oldest plan of a principal, or of all, goes when there are too many.
struct TaskPlans {
    private var plans: [TaskPlan] = []
    /// Tokens of the plans that a command has used, the oldest first.
    private var used: [String] = []

    /// Keeps a plan.
    mutating func add(_ plan: TaskPlan, now: Double) {
        forget(now: now)
        let own = plans.filter { $0.principal == plan.principal }
        if own.count >= BulkLimits.plansPerPrincipal, let oldest = own.first {
            remove(oldest.token)
        }
        if plans.count >= BulkLimits.plans { plans.removeFirst() }
        plans.append(plan)
    }

    /// A plan that can be used.
    ///
    /// - Throws: precondition if there is none of that name for this principal (any more), conflict if it
    ///   was used, invalid if it is for another command.
    func plan(
        _ token: String, for command: String?, principal: String, now: Double
    ) throws(CommandFault) -> TaskPlan {
        guard
            let plan = plans.first(where: {
                $0.token == token && $0.principal == principal && $0.expiresAt > now
            })
        else {
            guard !used.contains(token) else {
                throw CommandFault(.conflict, "this plan was used already; make a new one")
            }
            throw CommandFault(
                .precondition,
                "there is no such plan of yours, or its \(Int(BulkLimits.planSeconds)) s have passed; make a new one"
            )
        }
        if let command, plan.command != command {
            throw CommandFault(.invalid, "args.plan is a plan for \(plan.command)")
        }
        return plan
    }

    /// A command has used it.
    mutating func use(_ token: String) {
        remove(token)
        used.append(token)
        if used.count > BulkLimits.usedPlans { used.removeFirst() }
    }

    /// How many are kept.
    var count: Int { plans.count }

    private mutating func remove(_ token: String) {
        plans.removeAll { $0.token == token }
    }

    private mutating func forget(now: Double) {
        plans.removeAll { $0.expiresAt <= now }
    }
}
