internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/queues/{name}/messages?offset=&limit=`: what waits.
    func messages(_ call: RestCall) async -> HttpResponse {
        await detail(
            call, most: DetailRequest.mostMessages, usual: DetailRequest.usualMessages
        ) { .messages(queue: call.name, $0) }
    }

    /// `GET /api/celery/trash/{id}?offset=&limit=`: what a purge has removed.
    func trash(_ call: RestCall) async -> HttpResponse {
        await detail(
            call, most: DetailRequest.mostMessages, usual: DetailRequest.usualMessages
        ) { .trash(id: call.name, $0) }
    }

    /// `GET /api/celery/commands/{id}/items?offset=&limit=`: what became of each task of a command for
    /// many.
    func items(_ call: RestCall) async -> HttpResponse {
        await detail(
            call, most: DetailRequest.mostOutcomes, usual: DetailRequest.mostOutcomes
        ) { .outcomes(command: call.name, $0) }
    }

    /// `GET /api/celery/commands/{id}`: its row, and what workers answered if it was a question.
    func command(_ call: RestCall) async -> HttpResponse {
        await answer(.command(id: call.name), call)
    }

    /// Answers with a part of a list.
    private func detail(
        _ call: RestCall, most: Int, usual: Int, _ request: (ListPart) -> DetailRequest
    ) async -> HttpResponse {
        guard let part = part(call.request, most: most, usual: usual) else {
            return badPart(most: most)
        }
        return await answer(request(part), call)
    }

    private func answer(_ request: DetailRequest, _ call: RestCall) async -> HttpResponse {
        do throws(CommandFault) {
            return json(try await to.details.read(request, for: call.caller.principal))
        } catch {
            guard error.code == .precondition else { return refusal(error) }
            return problem(404, "Not found", error.message)
        }
    }

    /// Which part of a list is asked for; `nil` if that cannot be read.
    func part(_ request: HttpRequest, most: Int, usual: Int) -> ListPart? {
        guard let query = queryParameters(request.query),
            query.keys.allSatisfy({ $0 == "offset" || $0 == "limit" })
        else { return nil }
        let numbers = query.mapValues { Int64($0) }
        guard !numbers.values.contains(nil) else { return nil }
        return ListPart(
            offset: numbers["offset"] ?? nil, limit: numbers["limit"] ?? nil, most: most,
            usual: usual)
    }

    /// What is answered if that cannot be read.
    func badPart(most: Int) -> HttpResponse {
        problem(
            400, "Bad request",
            "the parameters are offset, from 0 to \(ListPart.largestOffset), and limit, from 1 to \(most)"
        )
    }
}
