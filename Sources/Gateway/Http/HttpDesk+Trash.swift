internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/trash/{id}?offset=&limit=`: the row, and the messages that are left, those first
    /// that would have been next.
    func trash(_ id: String, _ request: HttpRequest, _ caller: Caller) async -> HttpResponse {
        let role = caller.principal.role
        guard let (offset, limit) = messagePage(request) else { return badMessagePage }
        let answer = row(Topics.trash, to.rows.trash, id, role)
        guard answer.status == 200,
            case .object(let members) = object(Topics.trash, to.rows.trash, id, role)
        else { return answer }
        do throws(BrokerError) {
            let lists = TrashKeys(id, settings: to.queues.settings).lists
            let (messages, _) = try await to.queues.peek(lists, offset: offset, limit: limit)
            let rows = rows(of: messages, from: offset, for: role)
            return json(.object(members + [JsonMember("messages", rows)]))
        } catch {
            return problem(
                503, "Service unavailable", "the broker cannot be asked now: \(error.message)",
                code: 1014)
        }
    }
}
