internal import EventLoop
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `POST /api/session`: exchanges a code, a token, or a name and a password for a cookie.
    func openSession(_ request: HttpRequest) async -> HttpResponse {
        guard to.origins.tolerates(request), isSameSite(request) else {
            return problem(403, "Forbidden", "sign in from the gateway's own page", code: 1003)
        }
        guard let body = try? JsonReader.parse(request.body, limits: .client),
            let shown = SignIn(body)
        else {
            return problem(
                400, "Bad request",
                "send {\"code\": \"…\"}, {\"token\": \"…\"} or {\"name\": \"…\", \"password\": \"…\"}"
            )
        }
        let now = to.clock.now()
        let wait = max(
            attempts.wait(for: request.peer, now: now),
            shown.name.map { namedAttempts.wait(for: $0, now: now) } ?? 0)
        guard wait == 0 else { return tooManyAttempts(wait) }
        // Counted before it is known to be wrong: of many at once for one user, not all must be looked at.
        if let name = shown.name { namedAttempts.failed(name, now: now) }
        switch await answer(to: shown, now: now) {
        case .opened(let secret, let principal):
            attempts.succeeded(request.peer)
            if let name = shown.name { namedAttempts.succeeded(name) }
            return await opened(secret, principal, request)
        case .refused(let user):
            attempts.failed(request.peer, now: now)
            // What strangers write into the field of the name may be a password: only a user's name is kept.
            var entry = signIn(request, "refused", by: "")
            if let user { entry.target = "user \(user)" }
            await to.audit.refused(entry, principal: nil)
            return refusal(of: shown)
        case .codeRefused(let user):
            attempts.failed(request.peer, now: now)
            var entry = signIn(request, "refused", by: "")
            (entry.target, entry.detail) = ("user \(user)", "the code of the second factor")
            await to.audit.refused(entry, principal: nil)
            return codeNeeded("this code is not right, or was used already")
        case .codeNeeded:
            // Neither a failure nor a success, which would forget wrong codes.
            if let name = shown.name { namedAttempts.withdraw(name) }
            return codeNeeded("send the code of the second factor as `totp` beside them")
        case .busy:
            if let name = shown.name { namedAttempts.withdraw(name) }
            return busy
        }
    }

    /// Hands a session that was just opened to the browser.
    func opened(
        _ secret: String, _ principal: Principal, _ request: HttpRequest
    ) async -> HttpResponse {
        await to.audit.note(signIn(request, "accepted", by: principal.name))
        var response = describe(principal, secret: secret)
        response.headers.append(
            ("set-cookie", SessionCookie.set(secret, isSecure: request.isSecure)))
        return response
    }

    private func answer(to shown: SignIn, now: Double) async -> PasswordAnswer {
        let opened: (secret: String, principal: Principal)?
        switch shown {
        case .code(let code):
            opened = await to.access.openSession(code: code, now: now)
        case .token(let token):
            opened = await to.access.openSession(bearer: token, now: now)
        case .password(let name, let password, let totp):
            return await to.access.openSession(
                name: name, password: password, totp: totp, now: now)
        }
        guard let opened else { return .refused(user: nil) }
        return .opened(secret: opened.secret, principal: opened.principal)
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

    /// `DELETE /api/sessions`: ends all sessions of the caller; their sockets follow within 5 s.
    func closeSessions(_ call: RestCall) async -> HttpResponse {
        let count = await to.access.closeSessions(
            of: call.caller.principal, now: to.clock.now(), remote: call.request.peer)
        guard let count else {
            return problem(
                503, "Service unavailable", "the records cannot be written; see the gateway's log")
        }
        var response = json(["ended": .integer(Int64(count))])
        if call.caller.cookie != nil {
            response.headers.append(
                ("set-cookie", SessionCookie.clear(isSecure: call.request.isSecure)))
        }
        return response
    }

    private func describe(_ principal: Principal, secret: String) -> HttpResponse {
        json([
            "csrf": .string(to.access.csrfToken(session: secret)),
            "who": described(principal),
        ])
    }

    private func signIn(_ request: HttpRequest, _ outcome: String, by name: String) -> AuditEntry {
        AuditEntry(
            at: to.clock.now(), principal: name, remote: request.peer, action: "session.open",
            outcome: outcome)
    }

    private func refusal(of shown: SignIn) -> HttpResponse {
        let detail =
            shown.name == nil
            ? "this code or token is not valid, was used, or has expired"
            : "no user has this name and this password"
        return problem(401, "Unauthorized", detail, code: 1001)
    }

    private func codeNeeded(_ detail: String) -> HttpResponse {
        problem(401, "Second factor", detail, code: 1001, needs: "totp")
    }

    func tooManyAttempts(_ wait: Double) -> HttpResponse {
        let seconds = Int(wait.rounded(.up))
        return tooManyAttempts(
            "too many wrong sign-ins from this address or with this name; try again in \(seconds) s",
            wait: wait)
    }

    var busy: HttpResponse {
        var response = problem(
            503, "Service unavailable", "too many passwords wait to be looked at; try again soon")
        response.headers.append(("retry-after", "1"))
        return response
    }
}
