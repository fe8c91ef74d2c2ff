import Testing

@testable import Gateway

@Suite struct TaskPlansTests {
    private func plan(
        _ token: String, of principal: String = "ada", command: String = "task.revoke",
        expires: Double = 60
    ) -> TaskPlan {
        TaskPlan(
            token: token, command: command, principal: principal,
            entries: [TaskPlan.Entry(id: "t", state: "RECEIVED")], skipped: [:], expiresAt: expires)
    }

    private func code(
        _ plans: TaskPlans, _ token: String, for command: String? = "task.revoke",
        by principal: String = "ada", now: Double = 0
    ) -> CommandFault.Code? {
        do throws(CommandFault) {
            _ = try plans.plan(token, for: command, principal: principal, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: [(59.9, nil), (60, CommandFault.Code.precondition)])
    func `a plan can be used for its minute`(now: Double, refusal: CommandFault.Code?) {
        var plans = TaskPlans()
        plans.add(plan("p"), now: 0)

        #expect(code(plans, "p", now: now) == refusal)
    }

    @Test func `a plan of another principal is as good as none`() {
        var plans = TaskPlans()
        plans.add(plan("p"), now: 0)

        #expect(code(plans, "p", by: "bob") == .precondition)
        #expect(code(plans, "nonsense") == .precondition)
        #expect(code(plans, "p", for: "task.retry") == .invalid)
        #expect(code(plans, "p", for: nil) == nil)
    }

    @Test func `a plan is used once`() {
        var plans = TaskPlans()
        plans.add(plan("p"), now: 0)

        plans.use("p")

        #expect(code(plans, "p") == .conflict)
    }

    @Test(arguments: [BulkLimits.plansPerPrincipal, BulkLimits.plansPerPrincipal + 1])
    func `a principal keeps so many plans, the newest`(count: Int) {
        var plans = TaskPlans()
        for number in 0..<count { plans.add(plan("p\(number)"), now: 0) }

        #expect((code(plans, "p0") == nil) == (count <= BulkLimits.plansPerPrincipal))
        #expect(code(plans, "p\(count - 1)") == nil)
        #expect(plans.count == BulkLimits.plansPerPrincipal)
    }

    @Test(arguments: [BulkLimits.plans, BulkLimits.plans + 1])
    func `so many plans are kept of all principals`(count: Int) {
        var plans = TaskPlans()
        for number in 0..<count { plans.add(plan("p\(number)", of: "who\(number)"), now: 0) }

        #expect(plans.count == BulkLimits.plans)
        #expect((code(plans, "p0", by: "who0") == nil) == (count <= BulkLimits.plans))
    }

    @Test(arguments: [BulkLimits.usedPlans, BulkLimits.usedPlans + 1])
    func `so many used plans are remembered`(count: Int) {
        var plans = TaskPlans()
        for number in 0..<count { plans.use("p\(number)") }

        #expect(
            code(plans, "p0") == (count <= BulkLimits.usedPlans ? .conflict : .precondition))
    }
}
