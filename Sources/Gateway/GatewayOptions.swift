package import Fleet

/// What the gateway is told at its start.
package struct GatewayOptions: Sendable {
    /// How Celery names its keys and channels.
    package var celery: CelerySettings
    /// The broker for people, without secrets.
    package var brokerName: String
    /// The list that workers answer to; one per gateway.
    package var replyKey: String
    /// What we call ourselves in messages, such as `celeriac@host`.
    package var origin: String
    /// Version of the program.
    package var version: String
    /// Origins of pages besides our own that may connect.
    package var allowedOrigins: [String]
    /// How often at most workers are asked for figures that no event tells.
    package var refreshInterval: Duration
    /// Commands per minute that we may cause at the broker by ourselves.
    package var costCeiling: Int
    /// Servers whose certificate is not checked: `broker`, `result backend`.
    package var unverified: [String]
    /// Where others than this machine reach us without TLS; `nil` if they cannot.
    package var openAddress: String?
    /// Bounds of the fleet's state.
    package var fleetLimits: FleetLimits
    /// Bytes of the event log.
    package var eventLogBytes: Int
    /// Sessions that one principal may have.
    package var connectionsPerPrincipal: Int

    /// Where this gateway alone is reached by WebSocket; `nil` if clients are not told.
    package var resumeURL: String?

    /// Makes options.
    package init(
        celery: CelerySettings, brokerName: String, replyKey: String, origin: String,
        version: String, allowedOrigins: [String] = [], refreshInterval: Duration = .seconds(10),
        costCeiling: Int = 60_000, unverified: [String] = [],
        openAddress: String? = nil, fleetLimits: FleetLimits = FleetLimits(),
        eventLogBytes: Int = 64 << 20,
        connectionsPerPrincipal: Int, resumeURL: String? = nil
    ) {
        self.celery = celery
        self.brokerName = brokerName
        self.replyKey = replyKey
        self.origin = origin
        self.version = version
        self.allowedOrigins = allowedOrigins
        self.refreshInterval = refreshInterval
        self.costCeiling = costCeiling
        self.unverified = unverified
        self.openAddress = openAddress
        self.fleetLimits = fleetLimits
        self.eventLogBytes = eventLogBytes
        self.connectionsPerPrincipal = connectionsPerPrincipal
        self.resumeURL = resumeURL
    }
}
