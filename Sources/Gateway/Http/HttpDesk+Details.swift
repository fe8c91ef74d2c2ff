internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/queues/{name}/messages?offset=&limit=&after=`: what waits.
    func messages(_ call: RestCall) async -> HttpResponse {
        await detail(
            call, "messages", most: DetailRequest.mostMessages,
            usual: DetailRequest.usualMessages
        ) { .messages(queue: call.name, $0) }
    }

    /// `GET /api/celery/trash/{id}?offset=&limit=&after=`: what a purge has removed.
    func trash(_ call: RestCall) async -> HttpResponse {
        await detail(
            call, "messages", most: DetailRequest.mostMessages,
            usual: DetailRequest.usualMessages
        ) { .trash(id: call.name, $0) }
    }

    /// `GET /api/celery/commands/{id}/items?offset=&limit=&after=`: what became of each task of a command for
    /// many.
    func items(_ call: RestCall) async -> HttpResponse {
        await detail(
            call, "items", most: DetailRequest.mostOutcomes, usual: DetailRequest.mostOutcomes
        ) { .outcomes(command: call.name, $0) }
    }

    /// `GET /api/celery/commands/{id}`: its row, and what workers answered if it was a question.
    func command(_ call: RestCall) async -> HttpResponse {
        await answer(.command(id: call.name), call) { $0 }
    }

    /// Answers with a part of a list, which is the member `list` of the answer.
    private func detail(
        _ call: RestCall, _ list: String, most: Int, usual: Int,
        _ request: (ListPart) -> DetailRequest
    ) async -> HttpResponse {
        guard let part = part(call.request, most: most, usual: usual) else {
            return badPart(most: most)
        }
        return await answer(request(part), call) { withNext($0, list, part) }
    }

    /// The answer with `next`: where the page behind this one begins. If nobody knows how many there are,
    /// a full page is not the last one; else what is there counts, and not what the reader may see of it.
    func withNext(_ answer: JsonValue, _ list: String, _ part: ListPart) -> JsonValue {
        let count = answer[list]?.array?.count ?? 0
        let total = (answer["total"] ?? answer["count"])?.integer.map(Int.init)
        let end = part.offset + part.limit
        let hasMore = total.map { end < $0 } ?? (count == part.limit)
        return .object(
            (answer.object ?? []) + [JsonMember("next", hasMore ? .string("\(end)") : .null)])
    }

    private func answer(
        _ request: DetailRequest, _ call: RestCall, _ shaped: (JsonValue) -> JsonValue
    ) async -> HttpResponse {
        do throws(CommandFault) {
            return json(shaped(try await to.details.read(request, for: call.caller.principal)))
        } catch {
            guard error.code == .precondition else { return refusal(error) }
            return problem(404, "Not found", error.message)
        }
    }

    /// Which part of a list is asked for; `nil` if that cannot be read. `after` is an offset that an
    /// earlier page gave.
    func part(_ request: HttpRequest, most: Int, usual: Int) -> ListPart? {
        guard let query = queryParameters(request.query),
            Set(query.keys).isSubset(of: ["offset", "limit", "after"]),
            query["offset"] == nil || query["after"] == nil
        else { return nil }
        let numbers = query.mapValues { Int64($0) }
        guard !numbers.values.contains(nil) else { return nil }
        return ListPart(
            offset: (numbers["after"] ?? numbers["offset"]) ?? nil, limit: numbers["limit"] ?? nil,
            most: most, usual: usual)
    }

    /// What is answered if that cannot be read.
    func badPart(most: Int) -> HttpResponse {
        problem(
            400, "Bad request",
            "the parameters are limit, from 1 to \(most), and offset, from 0 to \(ListPart.largestOffset), or after, the next of an earlier page"
        )
    }
}
