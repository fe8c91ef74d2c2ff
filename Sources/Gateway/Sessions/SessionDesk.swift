internal import EventLoop
internal import LiveSync
internal import Logging
internal import Ports
internal import WireFormats

/// The WebSockets: greets them, finds out who they are, serves their subscriptions and requests, keeps
/// them alive and lets them go.
@LoopActor
final class SessionDesk {
    struct Dependencies {
        let rows: Rows
        let events: EventDesk
        let access: any AccessControl
        let tokens: TokenDesk
        let tickets: TicketBook
        /// What clients come back with.
        let resumes: ResumeTokens
        /// Where this gateway alone is reached, for those who come back; `nil` if it is not told.
        let resumeURL: String?
        let secrets: any SecretSource
        let commands: CommandDesk
        let details: DetailReader
        let origins: OriginPolicy
        let clock: GatewayClock
        let log: Logger
        let version: String
        /// Sessions that one principal may have.
        let connectionsPerPrincipal: Int
        /// What heartbeats say of the data: `asOf` and the state of the ingest.
        let freshness: @LoopActor () -> (asOf: Double?, ingest: String)
        /// Makes what was changed until now a revision, before the tick that would.
        let publish: @LoopActor () -> Void
        /// Asks for a tick at a moment, or soon after it.
        let wait: @LoopActor (Milliseconds) -> Void
    }

    let to: Dependencies
    /// Set once the server exists.
    weak var output: (any SocketOutput)?
    var sessions: [SocketID: ClientSession] = [:]
    /// The session of each display and bot that told which one it is.
    var instances: [ClientInstance: SocketID] = [:]
    /// How many sessions each principal has that are live, or whose end is on its way.
    var connections: [String: Int] = [:]
    var drain: Drain?
    var drainTimer: LoopTimer?
    /// What is given up for lack of time (R48).
    var governor = OverloadGovernor()
    let watch = LoopWatch()
    /// Queries that run now.
    var queriesRunning = 0
    private(set) var framesSent = 0
    private(set) var bytesSent = 0
    /// Writes to sockets that these frames took.
    private(set) var writes = 0
    /// Frames of rows that were written as JSON; the others were there already.
    var framesEncoded = 0
    /// What is counted for `/metrics`.
    var meters = SessionMeters()
    /// Whom the next tick looks at.
    var agenda: Agenda
    /// Up to where the last tick told: the revision, the end of the event log, and whose history it is.
    var told = (revision: 0, head: 0, epoch: "")
    /// Whether a round of looking at rights is under way.
    var isCheckingRights = false
    /// Whether the next tick looks at everybody.
    var tellsAll = false

    init(_ dependencies: Dependencies) {
        to = dependencies
        agenda = Agenda(now: Milliseconds(EventLoop.shared.milliseconds))
    }

    var now: Milliseconds { Milliseconds(EventLoop.shared.milliseconds) }

    /// Sessions that are past their start.
    var liveCount: Int { sessions.values.count { $0.principal != nil } }

    /// Subscriptions and windows of all sessions.
    var subscriptionCount: Int {
        sessions.values.reduce(0) { $0 + $1.sync.count + $1.events.count }
    }

    // MARK: - Handshake

    /// Decides whether a request may become a WebSocket (R1-R3).
    func decideUpgrade(_ request: HttpRequest) -> UpgradeDecision {
        guard let (reason, response) = refusal(of: request) else {
            meters.note(.accepted)
            return .accept(subprotocol: ClientProtocol.subprotocol)
        }
        meters.note(reason)
        return .refuse(response)
    }

    private func refusal(
        of request: HttpRequest
    ) -> (SessionMeters.Handshake, HttpResponse)? {
        guard request.path == "/ws/v1" else {
            return (.path, problem(404, "Not found", "WebSockets are served at /ws/v1"))
        }
        guard drain == nil else {
            return (.draining, unavailable("Shutting down", "this gateway is shutting down", 5))
        }
        guard governor.level < .closed else {
            return (
                .overload, unavailable("Busy", "the gateway cannot keep up; try again later", 10)
            )
        }
        guard request.query.isEmpty else {
            return (
                .query,
                problem(
                    400, "Bad request", "/ws/v1 takes no query; credentials never go into a URL")
            )
        }
        guard to.origins.tolerates(request) else {
            return (
                .origin,
                problem(
                    403, "Forbidden", "this origin is not allowed; see the allowed-origins setting")
            )
        }
        let offered = (request.headers["sec-websocket-protocol"] ?? "").split(separator: ",").map {
            $0.drop { $0 == " " }.prefix { $0 != " " }
        }
        guard offered.contains(where: { $0 == ClientProtocol.subprotocol }) else {
            return (
                .subprotocol,
                problem(400, "Bad request", "offer the subprotocol \(ClientProtocol.subprotocol)")
            )
        }
        return nil
    }

    private func unavailable(_ title: String, _ detail: String, _ seconds: Int) -> HttpResponse {
        var response = problem(503, title, detail)
        response.headers.append(("retry-after", "\(seconds)"))
        return response
    }

    /// A WebSocket is open: the server speaks first (R4).
    func opened(_ socket: SocketID, request: HttpRequest) {
        let name: String
        let nonce: String
        do {
            name = try to.secrets.makeIdentifier()
            nonce = try to.secrets.makeIdentifier()
        } catch {
            to.log.error("no random numbers for a session", metadata: ["error": "\(error.message)"])
            output?.close(
                socket, code: CloseCode.internalError.rawValue, reason: "no random numbers")
            return
        }
        let session = ClientSession(
            socket: socket, name: name, nonce: nonce, peer: request.peer,
            origin: request.headers["origin"],
            cookie: to.origins.trusts(request) ? SessionCookie.secret(in: request) : nil,
            bearer: bearerToken(in: request) ?? subprotocolToken(in: request, to.secrets),
            certificateKey: request.certificateKey, now: now)
        sessions[socket] = session
        send(
            ServerFrame.hello(
                server: "celeriac \(to.version)", nonce: nonce,
                deadlineMilliseconds: Int(SessionLimits.startMilliseconds),
                frameLimit: SessionLimits.frame, inFlightLimit: SessionLimits.inFlight,
                ratePerSecond: Int(SessionLimits.rate)), to: session)
    }

    /// A WebSocket is gone.
    ///
    /// - Parameter code: the peer's close code or ours, 1006 if there was none.
    func closed(_ socket: SocketID, code: UInt16) {
        meters.closed(code)
        agenda.remove(socket)
        guard let session = sessions.removeValue(forKey: socket) else { return }
        release(connectionOf: session)
        if let instance = session.instance, instances[instance] == socket {
            instances[instance] = nil
        }
    }

    /// Counts a session for its principal.
    ///
    /// - Returns: `false` if that has as many as it may: then it is not counted.
    func count(_ session: ClientSession, for principal: Principal) -> Bool {
        let count = connections[principal.id, default: 0]
        guard count < to.connectionsPerPrincipal else { return false }
        connections[principal.id] = count + 1
        session.countedFor = principal.id
        return true
    }

    /// The session counts for nobody any more.
    func release(connectionOf session: ClientSession) {
        guard let owner = session.countedFor, let count = connections[owner] else { return }
        session.countedFor = nil
        connections[owner] = count > 1 ? count - 1 : nil
    }

    // MARK: - Sending

    func send(_ bytes: [UInt8], to session: ClientSession) {
        meters.sent(.session, frames: 1, bytes: bytes.count)
        send([Ports.SharedFrame(text: bytes)], to: session)
    }

    /// Sends frames in one write.
    func send(_ frames: [Ports.SharedFrame], to session: ClientSession) {
        guard !frames.isEmpty else { return }
        session.toldAt = now
        framesSent += frames.count
        bytesSent += frames.reduce(0) { $0 + $1.bytes.count }
        writes += 1
        output?.send(frames, to: session.socket)
    }

    /// Says goodbye and closes (R55, 2.11).
    func end(_ session: ClientSession, _ code: CloseCode, _ reason: String, retryAfter: Int? = nil)
    {
        guard session.phase != .closing else { return }
        let resume = session.principal == nil ? nil : resumeToken(of: session)
        session.phase = .closing
        send(
            ServerFrame.bye(
                code: code, reason: reason, retryAfterMilliseconds: retryAfter, resume: resume),
            to: session)
        output?.close(session.socket, code: code.rawValue, reason: String(reason.prefix(100)))
    }
}
