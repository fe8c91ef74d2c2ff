internal import EventLoop
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `POST /api/tickets`: a one-time ticket for a WebSocket's first frame (R3).
    func issueTicket(_ call: RestCall) -> HttpResponse {
        var origin = call.request.headers["origin"]
        if !call.request.body.isEmpty {
            guard let body = try? JsonReader.parse(call.request.body, limits: .client),
                body.object != nil, body["origin"].map({ $0.string != nil }) ?? true
            else {
                return problem(400, "Bad request", "send {} or {\"origin\": \"https://…\"}")
            }
            if let named = body["origin"]?.string {
                guard let read = Origins.read(named), read.count == 1, origin ?? read[0] == read[0]
                else {
                    return problem(
                        400, "Bad request",
                        "origin must be one origin as browsers send it, and a page's own if a page asks"
                    )
                }
                origin = read[0]
            }
        }
        guard
            let ticket = to.tickets.issue(
                for: call.caller.principal, cookie: call.caller.cookie, origin: origin,
                now: to.clock.now())
        else {
            return problem(503, "Service unavailable", "too many tickets are out; try again soon")
        }
        return json(
            [
                "ticket": .string(ticket),
                "ttlMs": .integer(Int64(TicketBook.seconds * 1_000)),
            ], status: 201)
    }
}
