package import EventLoop

/// What a principal may do (product rules: roles viewer, operator, admin, wall, bot).
package enum Role: String, Sendable, CaseIterable {
    /// Reads everything but argument and result texts.
    case viewer
    /// Reads, runs, revokes and retries tasks.
    case `operator`
    /// Everything.
    case admin
    /// A display: stats, queues, workers, alerts and health, read-only.
    case wall
    /// A program: reads everything, runs tasks.
    case bot
}

/// Who is on the other end.
package struct Principal: Sendable, Equatable {
    /// Stable name of the credential, such as the token's row id.
    package var id: String
    /// Name for people, such as `ops-laptop`.
    package var name: String
    /// What they may do.
    package var role: Role
    /// What of it this credential is for.
    package var scope: Scope
    /// When the credential ends, unix seconds; `nil` if never.
    package var expiresAt: Double?

    /// Makes a principal.
    package init(
        id: String, name: String, role: Role, scope: Scope = .unlimited, expiresAt: Double? = nil
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.scope = scope
        self.expiresAt = expiresAt
    }
}

/// Finds out who somebody is. Secrets are compared as hashes in constant time.
///
/// Answers may be ``Principal``s of up to one second ago, so that asking for every message is cheap;
/// whoever asks for each live socket at least every three seconds takes rights away within five.
/// When the records cannot be read, nobody is known: the answers are `nil`.
@LoopActor
package protocol AccessControl: AnyObject {
    /// The principal of a bearer token, if it is valid now.
    func principal(bearer: String, now: Double) async -> Principal?

    /// The principal whose client certificate has this public key, if it may come in now.
    ///
    /// - Parameter key: as in ``HttpRequest/certificateKey``.
    func principal(certificateKey key: [UInt8], now: Double) async -> Principal?

    /// Exchanges a one-time code (of a link) for a session; the code is spent.
    ///
    /// - Returns: the session's secret for the cookie, and whose it is.
    func openSession(code: String, now: Double) async -> (secret: String, principal: Principal)?

    /// Opens a session for the owner of a bearer token.
    func openSession(bearer: String, now: Double) async -> (secret: String, principal: Principal)?

    /// Opens a session for a user.
    ///
    /// - Parameter totp: the code of their second factor, if they have one.
    func openSession(
        name: String, password: String, totp: String?, now: Double
    ) async -> PasswordAnswer

    /// Opens a session for somebody whom a provider vouches for; who comes for the first time is recorded.
    ///
    /// - Parameter remote: where the request comes from.
    func openSession(
        identity: ExternalIdentity, now: Double, remote: String
    ) async -> IdentityAnswer

    /// Ends the sessions of somebody whom a provider vouches for and who may come in no more.
    func closeSessions(issuer: String, subject: String, now: Double, remote: String) async

    /// The principal of a session cookie, if it is valid now.
    func principal(session secret: String, now: Double) async -> Principal?

    /// The principal of that ``Principal/id`` as it is now; `nil` once its credential was revoked or
    /// has ended. For sockets whose bearer token is not kept; it does not notice a closed session.
    func principal(id: String, now: Double) async -> Principal?

    /// Ends a session.
    func closeSession(_ secret: String) async

    /// Ends all sessions of a principal, wherever they were opened, with a line in the audit.
    ///
    /// - Parameter remote: where the request comes from.
    /// - Returns: how many there were; `nil` if they could not be ended.
    func closeSessions(of principal: Principal, now: Double, remote: String) async -> Int?

    /// The token that a page of this session must send to prove that it is ours (CSRF); empty if
    /// none can be computed.
    func csrfToken(session secret: String) -> String

    /// Whether `token` is the session's CSRF token; compared in constant time, never true for an
    /// empty one.
    func accepts(csrfToken token: String, session secret: String) -> Bool
}
