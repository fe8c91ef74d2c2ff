internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `POST /api/celery/plans`: the dry run of a command for many tasks (R41).
    func makePlan(_ call: RestCall) async -> HttpResponse {
        let body: JsonValue
        switch bodyOfChange(call.request) {
        case .success(let value): body = value
        case .failure(let fault): return fault.response
        }
        let request: PlanRequest
        do throws(FrameFault) {
            request = try ClientFrame.plan(body)
        } catch {
            return problem(400, "Bad request", error.message, code: error.code.rawValue)
        }
        guard case .make(let command, let filter) = request else {
            return problem(400, "Bad request", "send {\"cmd\": \"…\", \"where\": […]}")
        }
        do throws(CommandFault) {
            let plan = try await to.commands.makePlan(
                command, filter, call.caller.principal, remote: call.request.peer)
            var answer = json(plan.json(offset: 0, now: to.clock.now()), status: 201)
            answer.headers.append(("location", "/api/celery/plans/\(plan.token)"))
            return answer
        } catch {
            return refusal(error)
        }
    }

    /// `GET /api/celery/plans/{plan}?offset=&limit=&after=`: the list of a plan of the caller's.
    func plan(_ call: RestCall) -> HttpResponse {
        guard let part = part(call.request, most: BulkLimits.page, usual: BulkLimits.page) else {
            return badPart(most: BulkLimits.page)
        }
        let now = to.clock.now()
        do throws(CommandFault) {
            let plan = try to.commands.plan(call.name, call.caller.principal, now: now)
            return json(
                withNext(
                    plan.json(offset: part.offset, limit: part.limit, now: now), "tasks", part))
        } catch {
            guard error.code != .forbidden else { return refusal(error) }
            return problem(404, "Not found", error.message)
        }
    }
}
