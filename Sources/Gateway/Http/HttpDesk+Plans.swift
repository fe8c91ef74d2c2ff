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

    /// `GET /api/celery/plans/{plan}?offset=&limit=`: the list of a plan of the caller's.
    func plan(_ call: RestCall) -> HttpResponse {
        guard let (offset, limit) = page(call.request) else { return badPage }
        let now = to.clock.now()
        do throws(CommandFault) {
            let plan = try to.commands.plans.plan(
                call.name, for: nil, principal: call.caller.principal.id, now: now)
            return json(plan.json(offset: offset, limit: limit, now: now))
        } catch {
            return problem(404, "Not found", error.message)
        }
    }

    /// `GET /api/celery/commands/{id}/items?offset=&limit=`: what became of each task of a command for
    /// many.
    func items(_ call: RestCall) -> HttpResponse {
        guard let (offset, limit) = page(call.request) else { return badPage }
        guard let found = to.commands.outcomes(of: call.name, offset: offset, limit: limit) else {
            return problem(
                404, "Not found",
                "the outcomes of the last \(BulkLimits.kept) commands for many tasks are kept")
        }
        return json([
            "total": .integer(Int64(found.total)), "offset": .integer(Int64(offset)),
            "items": .array(found.items),
        ])
    }

    private var badPage: HttpResponse {
        problem(
            400, "Bad request", "offset is from 0 up, limit from 1 to \(BulkLimits.page)")
    }

    private func page(_ request: HttpRequest) -> (offset: Int, limit: Int)? {
        guard let query = queryParameters(request.query),
            query.keys.allSatisfy({ $0 == "offset" || $0 == "limit" }),
            let offset = Int(query["offset"] ?? "0"), 0...Int(Int32.max) ~= offset,
            let limit = Int(query["limit"] ?? "\(BulkLimits.page)"), 1...BulkLimits.page ~= limit
        else { return nil }
        return (offset, limit)
    }
}
