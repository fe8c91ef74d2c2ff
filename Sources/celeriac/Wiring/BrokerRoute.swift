internal import RedisLink
internal import WireFormats

/// Where a broker or result backend is: a Celery URL in the words of the Redis links.
struct BrokerRoute: Sendable {
    /// For the links.
    let configuration: RedisConfiguration
    /// Number of the database; part of channel names.
    let database: Int
    /// The URL for people, without secrets.
    let description: String
    /// Whether the server is found through Sentinel.
    var isBehindSentinel: Bool {
        if case .sentinel = configuration.route { true } else { false }
    }
    /// Whether nothing says that certificates are not to be checked.
    let isVerified: Bool
    /// What somebody should know about it.
    let warnings: [String]

    init(_ url: BrokerURL) {
        configuration = RedisConfiguration(route: Self.route(url.route))
        database = url.database
        description = url.redacted
        isVerified = !url.skipsVerification
        warnings = url.warnings
    }

    private static func route(_ route: BrokerURL.Route) -> RedisRoute {
        switch route {
        case .servers(let servers):
            return .servers(
                servers.map { RedisRoute.Server(endpoint($0.endpoint), login: login($0.login)) })
        case .sentinel(let sentinels, let options, let login):
            let entrance = RedisLogin(
                username: options.user, password: options.password, tls: options.tls.map(tls))
            return .sentinel(
                sentinels: sentinels.map { RedisRoute.Server(endpoint($0), login: entrance) },
                masterName: options.masterName, login: Self.login(login))
        }
    }

    private static func endpoint(_ endpoint: BrokerURL.Endpoint) -> RedisEndpoint {
        switch endpoint {
        case .tcp(let host, let port): .tcp(host: host, port: port)
        case .unixSocket(let path): .unixSocket(path: path)
        }
    }

    private static func login(_ login: BrokerURL.Login) -> RedisLogin {
        RedisLogin(
            username: login.user, password: login.password, database: login.database,
            tls: login.tls.map(tls))
    }

    private static func tls(_ tls: BrokerURL.TLS) -> TLSOptions {
        let verification: TLSOptions.Verification =
            switch tls.verification {
            case .required: .required
            case .optional: .optional
            case .none: .none
            }
        return TLSOptions(
            verification: verification,
            checksHostname: tls.checksHostname && verification != .none,
            authorityFile: tls.authorityFile, certificateFile: tls.certificateFile,
            keyFile: tls.keyFile)
    }
}
