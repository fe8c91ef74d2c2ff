/// How the server to talk to is found.
package enum RedisRoute: Sendable, Equatable {
    /// A server and how to enter it.
    package struct Server: Sendable, Equatable {
        /// Where it listens.
        package var endpoint: RedisEndpoint
        /// How to enter it.
        package var login: RedisLogin

        /// Makes a server.
        package init(_ endpoint: RedisEndpoint, login: RedisLogin = RedisLogin()) {
            self.endpoint = endpoint
            self.login = login
        }
    }

    /// One server, or a failover list that is tried round robin. With several, a replica is
    /// left for the next one.
    case servers([Server])
    /// Ask these Sentinels (their own credentials and TLS in `login`, its database is ignored) for
    /// the master called `masterName`, and enter that with `login`.
    case sentinel(sentinels: [Server], masterName: String, login: RedisLogin)

    /// Whether a replica must not be used: somewhere there is a master to look for.
    var requiresMaster: Bool {
        switch self {
        case .servers(let servers): servers.count > 1
        case .sentinel: true
        }
    }
}
