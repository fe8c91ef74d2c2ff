/// A broker or result backend URL as Celery takes it, resolved.
///
///     redis://user:pw@host:6379/0            rediss://host?ssl_cert_reqs=required
///     redis+socket:///run/redis.sock?virtual_host=2
///     sentinel://:pw@s1:26379/0;sentinel://s2:26379      redis://a/0;redis://b/0
///
/// Never print it whole: `redacted` is the text for people and logs.
package struct BrokerURL: Sendable, Equatable {
    /// Where a server listens.
    package enum Endpoint: Sendable, Hashable {
        /// Host without brackets, and port.
        case tcp(host: String, port: Int)
        /// Absolute path.
        case unixSocket(path: String)
    }

    /// How to enter a server.
    package struct Login: Sendable, Equatable {
        /// Name for access control lists; nil for the default user.
        package var user: String?
        /// Password.
        package var password: String?
        /// Number of the database.
        package var database = 0
        /// Nil for no TLS.
        package var tls: TLS?

        /// Makes a login as the default user, to database 0, without TLS.
        package init() {}
    }

    /// TLS as Celery's `ssl_…` parameters say.
    package struct TLS: Sendable, Equatable {
        /// What becomes of the server's certificate.
        package enum Verification: String, Sendable {
            case required
            case optional
            case none
        }

        /// What becomes of the server's certificate.
        package var verification: Verification
        /// Whether the URL said so, or left it to us.
        package var isVerificationGiven: Bool
        /// Whether the certificate must name the host.
        package var checksHostname = true
        /// Path of a PEM file with the authorities that are trusted; nil for the system's.
        package var authorityFile: String?
        /// Path of a PEM file with our own certificate.
        package var certificateFile: String?
        /// Path of a PEM file with its key.
        package var keyFile: String?

        /// Makes options.
        package init(verification: Verification, isVerificationGiven: Bool) {
            self.verification = verification
            self.isVerificationGiven = isVerificationGiven
        }
    }

    /// A server and how to enter it.
    package struct Server: Sendable, Equatable {
        /// Where it listens.
        package var endpoint: Endpoint
        /// How to enter it.
        package var login: Login
    }

    /// What is known about Sentinels beside their addresses.
    package struct SentinelOptions: Sendable, Equatable {
        /// Celery's transport option `master_name`.
        package var masterName: String
        /// Credentials for the Sentinels themselves (`sentinel_kwargs`).
        package var user: String?
        /// Their password.
        package var password: String?
        /// TLS to the Sentinels (`sentinel_kwargs`); nil for none.
        package var tls: TLS?
        /// TLS to the master (`broker_use_ssl`); nil for none.
        package var masterTLS: TLS?

        /// Makes options.
        package init(
            masterName: String, user: String? = nil, password: String? = nil, tls: TLS? = nil,
            masterTLS: TLS? = nil
        ) {
            self.masterName = masterName
            self.user = user
            self.password = password
            self.tls = tls
            self.masterTLS = masterTLS
        }
    }

    /// How the server to talk to is found.
    package enum Route: Sendable, Equatable {
        /// One server, or a failover list tried round robin.
        case servers([Server])
        /// Ask these for the master `options.masterName`, and enter it with `login`.
        case sentinel(sentinels: [Endpoint], options: SentinelOptions, login: Login)
    }

    /// Which of Celery's two readings of a URL holds.
    package enum Role: String, Sendable {
        case broker
        case resultBackend = "result backend"
    }

    /// How the server to talk to is found.
    package var route: Route
    /// What it was for.
    package var role: Role
    /// Things that work but are not as they should be, one sentence each.
    package var warnings: [String] = []

    /// The login that counts for data: the first server's, or the master's.
    package var login: Login {
        switch route {
        case .servers(let servers): servers.first?.login ?? Login()
        case .sentinel(_, _, let login): login
        }
    }

    /// Whether a server's certificate is not checked because the URL says so.
    package var skipsVerification: Bool {
        usedTLS.contains { $0.verification == TLS.Verification.none }
    }

    /// All that is said about TLS.
    var usedTLS: [TLS] {
        switch route {
        case .servers(let servers): servers.compactMap(\.login.tls)
        case .sentinel(_, let options, _): [options.tls, options.masterTLS].compactMap(\.self)
        }
    }

    /// The database that counts, which is part of the names of kombu's channels.
    package var database: Int { login.database }
}
