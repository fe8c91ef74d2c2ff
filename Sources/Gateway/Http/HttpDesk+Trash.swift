internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/celery/trash/{id}?offset=&limit=`: the row, and the messages that are left, those first
    /// that would have been next.
    func trash(_ call: RestCall) async -> HttpResponse {
        guard let (offset, limit) = messagePage(call.request) else { return badMessagePage }
        let id = call.name
        guard case .object(let members) = object(Topics.trash, call) else {
            return noRow(Topics.trash)
        }
        do throws(BrokerError) {
            let lists = TrashKeys(id, settings: to.queues.settings).lists
            let (messages, _) = try await to.queues.peek(lists, offset: offset, limit: limit)
            // The messages are tasks: who may see the row may yet not see their texts.
            let isMasked = call.verdict(on: .topic(Topics.tasks)) != .everything
            let rows = rows(of: messages, from: offset, isMasked: isMasked)
            return json(.object(members + [JsonMember("messages", rows)]))
        } catch {
            return problem(
                503, "Service unavailable", "the broker cannot be asked now: \(error.message)",
                code: 1014)
        }
    }
}
