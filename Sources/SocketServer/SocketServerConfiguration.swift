package import Ports

/// What a ``SocketServer`` listens on, serves and allows.
package struct SocketServerConfiguration: Sendable {
    /// Certificate and key of a server that speaks TLS itself.
    package struct Identity: Sendable {
        /// Path of the certificate chain, PEM.
        package var certificatePath: String
        /// Path of the private key, PEM.
        package var privateKeyPath: String
        /// Path of the authorities, PEM, that vouch for certificates of clients; `nil`: none is asked for.
        /// A client may come without one; with one that they do not vouch for it is not let in.
        package var clientAuthorityPath: String?

        /// Names the files.
        package init(
            certificatePath: String, privateKeyPath: String, clientAuthorityPath: String? = nil
        ) {
            self.certificatePath = certificatePath
            self.privateKeyPath = privateKeyPath
            self.clientAuthorityPath = clientAuthorityPath
        }
    }

    /// IPv4 or IPv6 address to listen on, such as `127.0.0.1` or `::`.
    package var address: String
    /// TCP port; 0 lets the system choose a free one.
    package var port: UInt16
    /// Folder whose files are served under `/`; `nil` serves none.
    package var webRoot: String?
    /// Whether changed files are noticed: each request looks at the file's time and size.
    package var isWatchingWebRoot: Bool
    /// Path of the WebSocket endpoint.
    package var socketPath: String
    /// Subprotocols that `decideUpgrade` may accept, in order of preference.
    package var subprotocols: [String]
    /// Lower-case names of the headers that handlers see; others are not read.
    package var allowedHeaders: [String]
    /// Whether binary messages are taken; otherwise they end a WebSocket with 1003.
    package var takesBinary: Bool
    /// Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    package var trustedProxies: TrustedProxies
    /// Present if the server speaks TLS.
    package var identity: Identity?
    /// The bounds of everything a peer can make grow.
    package var limits: SocketServerLimits

    /// Headers that handlers usually need.
    package static let usualHeaders = [
        "accept", "authorization", "content-type", "cookie", "forwarded", "host",
        "idempotency-key", "if-none-match", "origin", "sec-fetch-site", "sec-websocket-protocol",
        "user-agent", "x-csrf-token", "x-forwarded-for", "x-forwarded-proto",
    ]

    /// Makes a configuration.
    package init(
        address: String = "127.0.0.1", port: UInt16 = 0, webRoot: String? = nil,
        isWatchingWebRoot: Bool = false, socketPath: String = "/ws/v1",
        subprotocols: [String] = ["celeriac.v1.json"],
        allowedHeaders: [String] = SocketServerConfiguration.usualHeaders,
        takesBinary: Bool = false, trustedProxies: TrustedProxies = TrustedProxies(),
        identity: Identity? = nil,
        limits: SocketServerLimits = SocketServerLimits()
    ) {
        self.address = address
        self.port = port
        self.webRoot = webRoot
        self.isWatchingWebRoot = isWatchingWebRoot
        self.socketPath = socketPath
        self.subprotocols = subprotocols
        self.allowedHeaders = allowedHeaders
        self.takesBinary = takesBinary
        self.trustedProxies = trustedProxies
        self.identity = identity
        self.limits = limits
    }
}
