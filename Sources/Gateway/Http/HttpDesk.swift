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
        let details: DetailReader
        let groups: GroupReader
        let access: any AccessControl
        let tokens: TokenDesk
        let tickets: TicketBook
        let audit: AuditDesk
        let auditFeed: AuditFeed
        /// Present if people sign in with OpenID.
        let openID: OpenIDDesk?
        /// Present until the gateway has its first admin.
        let firstAdmin: (any FirstAdmin)?
        let commands: CommandDesk
        let origins: OriginPolicy
        let clock: GatewayClock
        let log: Logger
        let version: String
        /// What `/metrics` answers.
        let metrics: @LoopActor () -> String
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
        /// Whether the certificate of the connection was the proof.
        var isByCertificate = false
    }

    let to: Dependencies
    /// Wrong credentials, by address.
    var attempts = AttemptGuard()
    /// Wrong passwords, by the name that they were tried for.
    var namedAttempts = AttemptGuard { $0 }

    init(_ dependencies: Dependencies) {
        to = dependencies
    }

    // MARK: - Who asks

    /// Who a request comes from.
    enum Identification {
        case known(Caller)
        case unknown
        /// Too many wrong tokens: so many seconds to wait.
        case tooMany(wait: Double)
    }

    /// The principal behind a request: a bearer token, or a session cookie.
    func identify(_ request: HttpRequest) async -> Identification {
        if let token = bearerToken(in: request) {
            switch await to.tokens.look(at: token, from: request.peer, .request) {
            case .right(let principal):
                return .known(Caller(principal: principal, cookie: nil))
            case .wrong: return .unknown
            case .tooMany(let wait): return .tooMany(wait: wait)
            }
        }
        let now = to.clock.now()
        if let cookie = SessionCookie.secret(in: request),
            let principal = await to.access.principal(session: cookie, now: now)
        {
            return .known(Caller(principal: principal, cookie: cookie))
        }
        guard let key = request.certificateKey,
            let principal = await to.access.principal(certificateKey: key, now: now)
        else { return .unknown }
        return .known(Caller(principal: principal, cookie: nil, isByCertificate: true))
    }

    /// Why a request that changes something is refused: not JSON, or a cookie without proof that one of
    /// our pages sent it (R43, product rule 3).
    func refusalOfChange(_ request: HttpRequest, _ caller: Caller) -> HttpResponse? {
        let type = request.headers["content-type"]?.lowercased() ?? ""
        // No form can send DELETE, and without a body there is nothing to be of a type.
        let needsType = request.method != "DELETE" || !request.body.isEmpty
        guard !needsType || type == "application/json" || type.hasPrefix("application/json;") else {
            return problem(
                415, "Unsupported media type", "send content-type: application/json")
        }
        if caller.isByCertificate {
            // A browser shows a certificate to whatever page asks.
            guard to.origins.tolerates(request), isSameSite(request) else {
                return problem(
                    403, "Forbidden", "a change by certificate takes no other page's Origin",
                    code: 1003)
            }
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

    func isSameSite(_ request: HttpRequest) -> Bool {
        let site = request.headers["sec-fetch-site"]
        return site == nil || site == "same-origin"
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

    /// `GET /metrics`.
    func metrics() -> HttpResponse {
        HttpResponse(
            status: 200,
            headers: [("content-type", MetricsText.contentType), ("cache-control", "no-store")],
            body: Array(to.metrics().utf8))
    }

    /// Somebody has shown too many wrong credentials.
    func tooManyAttempts(_ detail: String, wait: Double) -> HttpResponse {
        var response = problem(429, "Too many requests", detail, code: 1012)
        response.headers.append(("retry-after", "\(Int(wait.rounded(.up)))"))
        return response
    }

    func notAllowed(_ methods: String) -> HttpResponse {
        var response = problem(405, "Method not allowed", "allowed here: \(methods)")
        response.headers.append(("allow", methods))
        return response
    }
}
