/// Everything that `celeriac` can be told at its start. One name serves all sources: the flag is
/// `--log-level`, the variable `CELERIAC_LOG_LEVEL`, the key in the file `log-level`.
package enum SettingName: String, Sendable, CaseIterable {
    /// Broker URL, as Celery takes it.
    case broker
    /// Result backend URL, as Celery takes it; the broker's if it is not given.
    case resultBackend = "result-backend"
    /// `HOST:PORT` to listen on.
    case listen
    /// Directory of the records.
    case data
    /// Directory of the dashboard's files.
    case web
    /// Origins of pages besides our own that may connect, with commas between.
    case allowedOrigins = "allowed-origins"
    /// Reverse proxies whose word about the client is taken, with commas between.
    case trustedProxies = "trusted-proxies"
    /// Whether to listen beyond loopback without TLS.
    case insecureListen = "insecure-listen"
    /// The server's certificate chain, PEM.
    case tlsCert = "tls-cert"
    /// The key of the certificate, PEM.
    case tlsKey = "tls-key"
    /// Authorities that vouch for certificates of clients, PEM.
    case tlsClientCA = "tls-client-ca"
    /// The least important messages to log.
    case logLevel = "log-level"
    /// `text`, `json`, or `auto`: text on a terminal.
    case logFormat = "log-format"
    /// Names whose values are taken out of texts, with commas between.
    case redact
    /// WebSockets that one address may have.
    case socketsPerAddress = "sockets-per-address"
    /// WebSockets that one credential may have.
    case connectionsPerPrincipal = "connections-per-principal"
    /// Where this gateway alone is reached by WebSocket, for clients that come back.
    case resumeURL = "resume-url"
    /// `global_keyprefix` of the broker's transport options.
    case brokerKeyPrefix = "broker-key-prefix"
    /// `global_keyprefix` of the result backend's transport options.
    case resultKeyPrefix = "result-key-prefix"
    /// `visibility_timeout` of the broker's transport options, seconds.
    case visibilityTimeout = "visibility-timeout"
    /// `priority_steps` of the broker's transport options, with commas between.
    case prioritySteps = "priority-steps"
    /// `sep` of the broker's transport options; bytes as `\xNN`.
    case queueSep = "queue-sep"
    /// Tasks of which it is also kept what Flower would show; 0 keeps none.
    case flowerTasks = "flower-tasks"
    /// Mebibytes of the event log.
    case eventLog = "event-log"
    /// `master_name` of the broker's transport options, for `sentinel://`.
    case sentinelMaster = "sentinel-master"
    /// `username` in `sentinel_kwargs`: for the Sentinels themselves.
    case sentinelUser = "sentinel-user"
    /// `password` in `sentinel_kwargs`.
    case sentinelPassword = "sentinel-password"
    /// What `sentinel_kwargs` say of TLS to the Sentinels, as parameters of a URL.
    case sentinelSSL = "sentinel-ssl"
    /// What `broker_use_ssl` says of TLS to the master, likewise.
    case sentinelMasterSSL = "sentinel-master-ssl"
    /// `master_name` of the result backend's transport options; the broker's if it is not given.
    case resultSentinelMaster = "result-sentinel-master"
    /// Seconds between two rounds of questions for figures that no event tells.
    case inspectInterval = "inspect-interval"
    /// Commands per minute that we may cause by ourselves.
    case costCeiling = "cost-ceiling"
    /// Seconds without a sign of life after which a worker leaves the list.
    case workerGoneAfter = "worker-gone-after"
    /// The provider that people sign in with (OpenID Connect).
    case oidcIssuer = "oidc-issuer"
    /// Who we are to it.
    case oidcClientID = "oidc-client-id"
    /// File with the client's secret.
    case oidcClientSecretFile = "oidc-client-secret-file"
    /// Where it calls the browser back to.
    case oidcRedirectURI = "oidc-redirect-uri"
    /// Who comes in, and as what.
    case oidcRoles = "oidc-roles"
    /// What it is called on the page.
    case oidcName = "oidc-name"
    /// What it is asked to tell.
    case oidcScopes = "oidc-scopes"

    /// The flag of the command line.
    package var flag: String { "--\(rawValue)" }

    /// The environment's variable.
    package var variable: String {
        "CELERIAC_" + rawValue.uppercased().replacing("-", with: "_")
    }

    /// Whether its text may hold a password.
    var isSecret: Bool {
        self == .broker || self == .resultBackend || self == .sentinelPassword
    }
}
