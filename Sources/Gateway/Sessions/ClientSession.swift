internal import LiveSync
internal import Ports
internal import WireFormats

/// One WebSocket: who is behind it, and how far it is.
final class ClientSession {
    /// How far a session has come.
    enum Phase: Equatable {
        /// Waits for `session.start`.
        case greeted
        /// Somebody looks up who it is.
        case checking
        /// It may ask and is told.
        case live(Principal)
        /// The close frame is on its way.
        case closing
    }

    let socket: SocketID
    /// Name for logs and for the client.
    let name: String
    let nonce: String
    let peer: String
    /// The page that the handshake came from; `nil` if it came from none.
    let origin: String?
    /// The secret of the session cookie, if the handshake came with one from one of our pages, or of the
    /// session that its ticket was fetched with.
    var cookie: String?
    /// The bearer token of the handshake's headers.
    let bearer: String?
    /// The public key of the handshake's client certificate.
    let certificateKey: [UInt8]?
    var phase = Phase.greeted
    var usesCookie = false
    /// The principal among whose connections it counts.
    var countedFor: String?
    /// Which display or bot it is, if it said so.
    var instance: ClientInstance?
    /// Messages that came while ``Phase/checking``.
    var held: [[UInt8]] = []
    var sync = SyncSession()
    var events: [EventReader] = []
    var requests: TokenBucket
    var acknowledgements: TokenBucket
    var inFlight: Set<RequestID> = []
    /// The level of overload that it was last told.
    var toldLevel = 0
    /// The state of the ingest that it was last told.
    var toldIngest = ""
    /// Whether one of its queries runs.
    var isQuerying = false
    var warnings = RateWarnings()
    var openedAt: Milliseconds
    var heardAt: Milliseconds
    var toldAt: Milliseconds
    var checkedAt: Milliseconds

    init(
        socket: SocketID, name: String, nonce: String, peer: String, origin: String?,
        cookie: String?, bearer: String?, certificateKey: [UInt8]?, now: Milliseconds
    ) {
        self.socket = socket
        self.name = name
        self.nonce = nonce
        self.peer = peer
        self.origin = origin
        self.cookie = cookie
        self.bearer = bearer
        self.certificateKey = certificateKey
        let seconds = Double(now) / 1000
        requests = TokenBucket(rate: SessionLimits.rate, burst: SessionLimits.burst, now: seconds)
        acknowledgements = TokenBucket(
            rate: SessionLimits.acknowledgementRate, burst: SessionLimits.burst, now: seconds)
        openedAt = now
        heardAt = now
        toldAt = now
        checkedAt = now
    }

    /// Who is behind it, once that is known.
    var principal: Principal? {
        if case .live(let principal) = phase { return principal }
        return nil
    }
}
