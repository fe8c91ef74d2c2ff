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
        let audit: AuditDesk
        let commands: CommandDesk
        let origins: OriginPolicy
        let clock: GatewayClock
        let log: Logger
        let version: String
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
    private var attempts = AttemptGuard()

    init(_ dependencies: Dependencies) {
        to = dependencies
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

    /// `POST /api/session`: exchanges a code or a token for a cookie.
    func openSession(_ request: HttpRequest) async -> HttpResponse {
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
        let wait = attempts.wait(for: request.peer, now: now)
        guard wait == 0 else { return tooManyAttempts(wait) }
        let opened =
            if let code = body["code"]?.string {
                await to.access.openSession(code: code, now: now)
            } else {
                await to.access.openSession(bearer: body["token"]?.string ?? "", now: now)
            }
        guard let opened else {
            attempts.failed(request.peer, now: now)
            await to.audit.refused(signIn(request, "refused", by: ""), principal: nil)
            return problem(
                401, "Unauthorized", "this code or token is not valid, was used, or has expired",
                code: 1001)
        }
        attempts.succeeded(request.peer)
        await to.audit.note(signIn(request, "accepted", by: opened.principal.name))
        var response = describe(opened.principal, secret: opened.secret)
        response.headers.append(
            ("set-cookie", SessionCookie.set(opened.secret, isSecure: request.isSecure)))
        return response
    }

    /// `GET /api/session`: whose cookie it is, and its CSRF token.
    func readSession(_ request: HttpRequest) async -> HttpResponse {
        guard let cookie = SessionCookie.secret(in: request),
            let principal = await to.access.principal(session: cookie, now: to.clock.now())
        else {
            return problem(401, "Unauthorized", "there is no live session", code: 1001)
        }
        return describe(principal, secret: cookie)
    }

    /// `DELETE /api/session`.
    func closeSession(_ request: HttpRequest) async -> HttpResponse {
        guard let cookie = SessionCookie.secret(in: request) else {
            return problem(401, "Unauthorized", "there is no live session", code: 1001)
        }
        guard to.origins.trusts(request), isSameSite(request),
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

    private func signIn(_ request: HttpRequest, _ outcome: String, by name: String) -> AuditEntry {
        AuditEntry(
            at: to.clock.now(), principal: name, remote: request.peer, action: "session.open",
            outcome: outcome)
    }

    private func tooManyAttempts(_ wait: Double) -> HttpResponse {
        let seconds = Int(wait.rounded(.up))
        var response = problem(
            429, "Too many requests",
            "too many wrong codes or tokens from this address; try again in \(seconds) s",
            code: 1012)
        response.headers.append(("retry-after", "\(seconds)"))
        return response
    }

    // MARK: - Answers

    func text(_ body: String, status: Int = 200) -> HttpResponse {
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
