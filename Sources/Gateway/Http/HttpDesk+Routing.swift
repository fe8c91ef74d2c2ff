internal import EventLoop
internal import Ports

extension HttpDesk {
    /// Answers a request.
    func respond(to request: HttpRequest) async -> HttpResponse {
        completed(await answer(to: request))
    }

    /// Adds what belongs to an answer of its status, if whoever made it has not: when to come again, and
    /// what to come with (RFC 9110, 10.2.3 and 11.6.1).
    private func completed(_ response: HttpResponse) -> HttpResponse {
        let needed: (name: String, value: String)
        switch response.status {
        case 401: needed = ("www-authenticate", "Bearer")
        case 429, 503: needed = ("retry-after", "1")
        default: return response
        }
        guard !response.headers.contains(where: { $0.name == needed.name }) else { return response }
        var response = response
        response.headers.append(needed)
        return response
    }

    private func answer(to request: HttpRequest) async -> HttpResponse {
        if request.path == "/wall", request.method == "GET" { return wallPage(request) }
        let parts = RestRoute.parts(of: request.path)?.map { percentDecoded($0) }
        // A part that cannot be read is no reason to take the others for the whole path.
        let isReadable = parts?.contains(nil) == false
        let found = isReadable ? RestRoutes.matches((parts ?? []).compactMap { $0 }) : []
        guard let first = found.first, first.route.isOpen else {
            guard !found.isEmpty || request.path.hasPrefix("/api/") else { return nothingHere }
            let caller: Caller
            switch await identify(request) {
            case .known(let known): caller = known
            case .unknown: return unknownCaller
            case .tooMany(let wait):
                return tooManyAttempts(TokenDesk.advice(wait), wait: wait)
            }
            if let parts, parts.contains(nil) {
                return problem(400, "Bad request", "the path holds a broken percent escape")
            }
            return await respond(to: request, found, caller)
        }
        guard let (route, _) = fitting(found, request), case .open(let answer) = route.answer else {
            return notAllowed(methods(of: found))
        }
        return await answer(self, request)
    }

    /// Answers somebody who is known: not before it is sure that one of our pages asks for a change, and
    /// that the caller may.
    private func respond(
        to request: HttpRequest, _ found: [(route: RestRoute, names: [String])], _ caller: Caller
    ) async -> HttpResponse {
        guard !found.isEmpty else { return nothingHere }
        guard let (route, names) = fitting(found, request),
            case .guarded(let act, let answer) = route.answer
        else { return notAllowed(methods(of: found)) }
        if route.method != "GET", let refusal = refusalOfChange(request, caller) { return refusal }
        let verdict = act.map { Authorization.verdict(on: $0, for: caller.principal) }
        if let reason = verdict?.refusal { return problem(403, "Forbidden", reason, code: 1003) }
        let call = RestCall(
            request: request, caller: caller, names: names, isMasked: verdict == .masked)
        var response = await answer(self, call)
        if route.isRated {
            response.headers += RateStanding.headers(
                to.commands.rates.standings(of: caller.principal.id, now: to.clock.now()))
        }
        return route.method == "GET" ? tagged(response, for: request) : response
    }

    private func fitting(
        _ found: [(route: RestRoute, names: [String])], _ request: HttpRequest
    ) -> (route: RestRoute, names: [String])? {
        let method = request.method == "HEAD" ? "GET" : request.method
        return found.first { $0.route.method == method }
    }

    private func methods(of found: [(route: RestRoute, names: [String])]) -> String {
        var methods: [String] = []
        for method in found.map(\.route.method) where !methods.contains(method) {
            methods += method == "GET" ? ["GET", "HEAD"] : [method]
        }
        return methods.joined(separator: ", ")
    }

    private func wallPage(_ request: HttpRequest) -> HttpResponse {
        let isPlain = request.query.utf8.allSatisfy { 0x21...0x7E ~= $0 }
        let query = isPlain && !request.query.isEmpty ? "?\(request.query)" : ""
        return HttpResponse(status: 308, headers: [("location", "/wall/\(query)")])
    }

    private var nothingHere: HttpResponse {
        problem(404, "Not found", "there is nothing at this path")
    }

    private var unknownCaller: HttpResponse {
        problem(
            401, "Unauthorized",
            "send Authorization: Bearer <token>, sign in, or show a client certificate that is pinned",
            code: 1001)
    }
}
