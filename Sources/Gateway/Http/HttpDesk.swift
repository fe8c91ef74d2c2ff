internal import EventLoop
internal import Fleet
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

/// Answers HTTP requests that are not for static files.
@LoopActor
final class HttpDesk {
    struct Dependencies {
        let rows: Rows
        let feed: Feed
        let events: EventDesk
        let queues: QueueReader
        let groups: GroupReader
        let access: any AccessControl
        let audit: any AuditLog
        let commands: CommandDesk
        let origins: OriginPolicy
        let clock: GatewayClock
        let log: Logger
        /// Asks the workers and the result backend everything anew; false if the broker is away.
        let reconcile: @LoopActor () -> Bool
        /// Whether the broker is reachable and the state reconciled.
        let isReady: @LoopActor () -> Bool
    }

    /// Who asks, and how they proved it.
    struct Caller {
        let principal: Principal
        /// The session's secret, if a cookie was the proof.
        let cookie: String?
    }

    let to: Dependencies

    init(_ dependencies: Dependencies) {
        to = dependencies
    }

    /// Answers a request.
    func respond(to request: HttpRequest) async -> HttpResponse {
        switch (request.path, request.method) {
        case ("/healthz", "GET"), ("/healthz", "HEAD"):
            return text("ok\n")
        case ("/readyz", "GET"), ("/readyz", "HEAD"):
            return to.isReady() ? text("ready\n") : text("not ready\n", status: 503)
        case ("/healthz", _), ("/readyz", _):
            return notAllowed("GET, HEAD")
        case ("/api/session", "POST"): return await openSession(request)
        case ("/api/session", "GET"): return await readSession(request)
        case ("/api/session", "DELETE"): return await closeSession(request)
        case ("/api/session", _): return notAllowed("GET, POST, DELETE")
        default: break
        }
        if request.path == "/wall", request.method == "GET" {
            let isPlain = request.query.utf8.allSatisfy { 0x21...0x7E ~= $0 }
            let query = isPlain && !request.query.isEmpty ? "?\(request.query)" : ""
            return HttpResponse(status: 308, headers: [("location", "/wall/\(query)")])
        }
        guard request.path.hasPrefix("/api/") else {
            return problem(404, "Not found", "there is nothing at this path")
        }
        guard let caller = await caller(of: request) else {
            var response = problem(
                401, "Unauthorized", "send Authorization: Bearer <token>, or sign in", code: 1001)
            response.headers.append(("www-authenticate", "Bearer"))
            return response
        }
        return await respond(to: request, from: caller)
    }

    private func respond(to request: HttpRequest, from caller: Caller) async -> HttpResponse {
        let parts = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count >= 3, parts.allSatisfy({ !$0.isEmpty }),
            parts.dropFirst().first == "celery"
        else { return problem(404, "Not found", "there is nothing at this path") }
        let names = parts.dropFirst(2).map { percentDecoded($0) }
        guard !names.contains(nil) else {
            return problem(400, "Bad request", "the path holds a broken percent escape")
        }
        let path = names.compactMap { $0 }
        if request.method == "POST" {
            guard let refusal = refusalOfChange(request, caller) else {
                if path == ["reconcile"] { return reconcile(caller) }
                return await change(path, request, caller)
            }
            return refusal
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return notAllowed("GET, HEAD, POST")
        }
        if path.count == 3, path[0] == "queues", path[2] == "messages" {
            return await messages(path[1], request, caller)
        }
        if path.count == 2, path[0] == "trash" { return await trash(path[1], request, caller) }
        if path.count == 2, path[0] == "plans" { return plan(path[1], request, caller) }
        if path.count == 3, path[0] == "commands", path[2] == "items" {
            return items(path[1], request, caller)
        }
        if path.count == 2, path[0] == "groups" { return await group(path[1], caller) }
        return read(path, request, caller)
    }

    // MARK: - Who asks

    /// The principal behind a request: a bearer token, or a session cookie.
    func caller(of request: HttpRequest) async -> Caller? {
        let now = to.clock.now()
        if let token = bearerToken(in: request) {
            guard let principal = await to.access.principal(bearer: token, now: now) else {
                return nil
            }
            return Caller(principal: principal, cookie: nil)
        }
        guard let cookie = SessionCookie.secret(in: request),
            let principal = await to.access.principal(session: cookie, now: now)
        else { return nil }
        return Caller(principal: principal, cookie: cookie)
    }

    /// Why a request that changes something is refused: not JSON, or a cookie without proof that one of
    /// our pages sent it (R43, product rule 3).
    func refusalOfChange(_ request: HttpRequest, _ caller: Caller) -> HttpResponse? {
        let type = request.headers["content-type"]?.lowercased() ?? ""
        guard type == "application/json" || type.hasPrefix("application/json;") else {
            return problem(
                415, "Unsupported media type", "send content-type: application/json")
        }
        guard let cookie = caller.cookie else { return nil }
        guard to.origins.trusts(request), isSameSite(request),
            to.access.accepts(
                csrfToken: request.headers["x-csrf-token"] ?? "", session: cookie)
        else {
            return problem(
                403, "Forbidden",
                "a change by cookie needs our Origin and the x-csrf-token of GET /api/session",
                code: 1003)
        }
        return nil
    }

    private func isSameSite(_ request: HttpRequest) -> Bool {
        let site = request.headers["sec-fetch-site"]
        return site == nil || site == "same-origin"
    }

    // MARK: - Sessions

    private func openSession(_ request: HttpRequest) async -> HttpResponse {
        guard to.origins.tolerates(request), isSameSite(request) else {
            return problem(403, "Forbidden", "sign in from the gateway's own page", code: 1003)
        }
        guard let body = try? JsonReader.parse(request.body, limits: .client),
            body["code"]?.string != nil || body["token"]?.string != nil
        else {
            return problem(
                400, "Bad request", "send {\"code\": \"…\"} or {\"token\": \"…\"}")
        }
        let now = to.clock.now()
        let opened =
            if let code = body["code"]?.string {
                await to.access.openSession(code: code, now: now)
            } else {
                await to.access.openSession(bearer: body["token"]?.string ?? "", now: now)
            }
        guard let opened else {
            await audit(request, "session.open", "refused", by: "")
            return problem(
                401, "Unauthorized", "this code or token is not valid, was used, or has expired",
                code: 1001)
        }
        await audit(request, "session.open", "accepted", by: opened.principal.name)
        var response = describe(opened.principal, secret: opened.secret)
        response.headers.append(
            ("set-cookie", SessionCookie.set(opened.secret, isSecure: request.isSecure)))
        return response
    }

    private func readSession(_ request: HttpRequest) async -> HttpResponse {
        guard let cookie = SessionCookie.secret(in: request),
            let principal = await to.access.principal(session: cookie, now: to.clock.now())
        else {
            return problem(401, "Unauthorized", "there is no live session", code: 1001)
        }
        return describe(principal, secret: cookie)
    }

    private func closeSession(_ request: HttpRequest) async -> HttpResponse {
        guard let cookie = SessionCookie.secret(in: request) else {
            return problem(401, "Unauthorized", "there is no live session", code: 1001)
        }
        guard to.origins.trusts(request),
            to.access.accepts(csrfToken: request.headers["x-csrf-token"] ?? "", session: cookie)
        else {
            return problem(403, "Forbidden", "send Origin and x-csrf-token", code: 1003)
        }
        await to.access.closeSession(cookie)
        return HttpResponse(
            status: 204,
            headers: [("set-cookie", SessionCookie.clear(isSecure: request.isSecure))])
    }

    private func describe(_ principal: Principal, secret: String) -> HttpResponse {
        json([
            "csrf": .string(to.access.csrfToken(session: secret)),
            "who": [
                "sub": .string(principal.id), "name": .string(principal.name),
                "role": .string(principal.role.rawValue),
            ],
        ])
    }

    private func audit(
        _ request: HttpRequest, _ action: String, _ outcome: String, by name: String
    ) async {
        do {
            try await to.audit.append(
                AuditEntry(
                    at: to.clock.now(), principal: name, remote: request.peer, action: action,
                    outcome: outcome))
        } catch {
            to.log.error("not in the audit", metadata: ["error": "\(error.message)"])
        }
    }

    // MARK: - Answers

    private func text(_ body: String, status: Int = 200) -> HttpResponse {
        HttpResponse(
            status: status,
            headers: [
                ("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"),
            ],
            body: Array(body.utf8))
    }

    func notAllowed(_ methods: String) -> HttpResponse {
        var response = problem(405, "Method not allowed", "allowed here: \(methods)")
        response.headers.append(("allow", methods))
        return response
    }
}
