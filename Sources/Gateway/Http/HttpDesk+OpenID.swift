internal import EventLoop
internal import Logging
internal import Ports
internal import WireFormats

/// Signing in with OpenID Connect, as the browser sees it: there and back by redirections. What goes wrong comes
/// back to the page as a word behind `#sign-in=`.
extension HttpDesk {
    /// `GET /auth/oidc`: what the page may offer.
    func describeOpenID() -> HttpResponse {
        json(["name": to.openID.map { .string($0.provider.settings.name) } ?? .null])
    }

    /// `GET /auth/oidc/start`: to the provider.
    func startOpenID(_ request: HttpRequest) async -> HttpResponse {
        guard let desk = to.openID else { return noOpenID }
        // Another site's page must not begin it: `none` is an address that somebody typed.
        guard isSameSite(request) || request.headers["sec-fetch-site"] == "none" else {
            return problem(403, "Forbidden", "sign in from the gateway's own page", code: 1003)
        }
        do throws(OpenIDRefusal) {
            let departure = try await desk.start(from: request.peer)
            return redirection(
                to: departure.location,
                cookie: SignInCookie.set(departure.browser, isSecure: request.isSecure))
        } catch {
            return await refused(request, error)
        }
    }

    /// `GET /auth/oidc/callback`: back from the provider.
    func finishOpenID(_ request: HttpRequest) async -> HttpResponse {
        guard let desk = to.openID else { return noOpenID }
        let wait = attempts.wait(for: request.peer, now: to.clock.now())
        guard wait == 0 else { return tooManyAttempts(wait) }
        do throws(OpenIDRefusal) {
            let opened = try await desk.finish(
                OpenIDCallback(query: request.query), browser: SignInCookie.secret(in: request),
                from: request.peer)
            attempts.succeeded(request.peer)
            await to.audit.note(
                AuditEntry(
                    at: to.clock.now(), principal: opened.principal.name, remote: request.peer,
                    action: "session.open", outcome: "accepted",
                    detail: "with OpenID, role \(opened.principal.role.rawValue)"))
            var response = redirection(
                to: "/", cookie: SignInCookie.clear(isSecure: request.isSecure))
            response.headers.append(
                ("set-cookie", SessionCookie.set(opened.secret, isSecure: request.isSecure)))
            return response
        } catch {
            return await refused(request, error)
        }
    }

    private func refused(_ request: HttpRequest, _ refusal: OpenIDRefusal) async -> HttpResponse {
        // Anybody can come back from nowhere: slowed down like wrong passwords, and not in the log.
        if refusal.code == .expired { attempts.failed(request.peer, now: to.clock.now()) }
        to.log.log(
            level: refusal.code == .expired ? .debug : .warning,
            "no sign-in with OpenID",
            metadata: ["reason": "\(refusal.code.rawValue)", "detail": "\(refusal.detail)"])
        await to.audit.refused(
            AuditEntry(
                at: to.clock.now(), principal: "", remote: request.peer, action: "session.open",
                target: refusal.name.isEmpty ? "" : "user \(refusal.name)", outcome: "refused",
                detail: "with OpenID: \(refusal.detail)"),
            principal: nil)
        return redirection(
            to: "/#sign-in=\(refusal.code.rawValue)",
            cookie: SignInCookie.clear(isSecure: request.isSecure))
    }

    private func redirection(to location: String, cookie: String) -> HttpResponse {
        HttpResponse(
            status: 303,
            headers: [
                ("location", location), ("cache-control", "no-store"), ("set-cookie", cookie),
            ])
    }

    private var noOpenID: HttpResponse {
        problem(404, "Not found", "this gateway has no provider of OpenID: see --oidc-issuer")
    }
}
