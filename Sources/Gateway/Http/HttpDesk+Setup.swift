internal import EventLoop
internal import Ports
internal import WireFormats

extension HttpDesk {
    /// `GET /api/setup`: whether the first admin is still to be made.
    func describeSetup() async -> HttpResponse {
        json(["open": .bool(await to.firstAdmin?.isAwaited(now: to.clock.now()) ?? false)])
    }

    /// `POST /api/setup`: exchanges the code of the set-up link, a name and a password for the first admin,
    /// and a session's cookie.
    func setUp(_ request: HttpRequest) async -> HttpResponse {
        guard to.origins.tolerates(request), isSameSite(request) else {
            return problem(403, "Forbidden", "set up from the gateway's own page", code: 1003)
        }
        guard let body = try? JsonReader.parse(request.body, limits: .client),
            let code = body["code"]?.string, let name = body["name"]?.string,
            let password = body["password"]?.string
        else {
            return problem(
                400, "Bad request",
                "send {\"code\": \"…\", \"name\": \"…\", \"password\": \"…\"}")
        }
        let now = to.clock.now()
        let wait = attempts.wait(for: request.peer, now: now)
        guard wait == 0 else { return tooManyAttempts(wait) }
        // Counted before it is known to be wrong: of many at once, not all must be looked at.
        attempts.failed(request.peer, now: now)
        let answer = await to.firstAdmin?.setUp(
            code: code, name: name, password: password, now: now, remote: request.peer)
        // Who asks a gateway that is set up to be set up is slowed down like who has a wrong code.
        let isRefused =
            switch answer {
            case .refused, .alreadySetUp, nil: true
            default: false
            }
        if !isRefused { attempts.withdraw(request.peer) }
        switch answer {
        case .opened(let secret, let principal):
            attempts.succeeded(request.peer)
            return await opened(secret, principal, request)
        case .unusableName(let why):
            return problem(400, "Bad request", why, needs: "name")
        case .unusablePassword(let why):
            return problem(400, "Bad request", why, needs: "password")
        case .busy: return busy
        case .failed:
            return problem(
                503, "Service unavailable", "the records cannot be written; see the gateway's log")
        case .refused:
            await to.audit.refused(setup(request, "the code of the link"), principal: nil)
            return problem(
                401, "Unauthorized", "this set-up link is another gateway's, or has ended",
                code: 1001)
        case .alreadySetUp, nil:
            await to.audit.refused(setup(request, "there is an admin already"), principal: nil)
            return problem(
                409, "Set up already", "this gateway has an admin: sign in, or ask them", code: 1010
            )
        }
    }

    private func setup(_ request: HttpRequest, _ detail: String) -> AuditEntry {
        AuditEntry(
            at: to.clock.now(), principal: "", remote: request.peer, action: "setup.open",
            outcome: "refused", detail: detail)
    }
}
