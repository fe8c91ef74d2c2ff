internal import ArgumentParser
internal import Gateway

/// The flags of everything that `serve` and `check` can be told.
struct ServeSettingsOptions: ParsableArguments {
    @OptionGroup var common: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Broker, as Celery takes it (default: redis://localhost:6379/0).", valueName: "url"))
    var broker: String?
    @Option(
        help: ArgumentHelp("Result backend; the broker if it is not given.", valueName: "url"))
    var resultBackend: String?
    @Option(
        help: ArgumentHelp(
            "Where to listen; port 0 takes a free one (default: 127.0.0.1:8555).",
            valueName: "host:port"))
    var listen: String?
    @Option(
        help: ArgumentHelp(
            "Directory of the dashboard's files (default: web here, or near the program).",
            valueName: "dir"))
    var web: String?
    @Option(
        help: ArgumentHelp(
            "Origins of pages besides our own that may connect, with commas between.",
            valueName: "origins"))
    var allowedOrigins: String?
    @Option(
        help: ArgumentHelp(
            "Reverse proxies whose X-Forwarded-For and -Proto are believed, with commas between.",
            valueName: "networks"))
    var trustedProxies: String?
    @Flag(help: "Listen beyond loopback although there is no TLS.")
    var insecureListen = false
    @Option(
        help: ArgumentHelp(
            "Certificate chain, PEM: speak HTTPS. SIGHUP reads it anew.", valueName: "file"))
    var tlsCert: String?
    @Option(help: ArgumentHelp("Key of the certificate, PEM.", valueName: "file"))
    var tlsKey: String?
    @Option(
        name: .customLong("tls-client-ca"),
        help: ArgumentHelp(
            "Authorities of client certificates, PEM: who shows one that is pinned is signed in by it.",
            valueName: "file"))
    var tlsClientCA: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?
    @Option(help: "text, json, or auto: text on a terminal (default: auto).")
    var logFormat: String?
    @Option(
        help: ArgumentHelp(
            "Names whose values are masked in arguments, results and tracebacks, with commas between; NAME* also with more behind it (default: standard).",
            valueName: "names"))
    var redact: String?
    @Option(
        help: ArgumentHelp(
            "WebSockets that one address may have; 0 is the server's own bound (default: 0).",
            valueName: "count"))
    var socketsPerAddress: String?
    @Option(
        help: ArgumentHelp(
            "WebSockets that one token or user may have (default: 10).", valueName: "count"))
    var connectionsPerPrincipal: String?
    @Option(
        help: ArgumentHelp(
            "Where this gateway alone is reached, such as wss://gw-1.example/ws/v1, for clients that come back.",
            valueName: "url"))
    var resumeURL: String?
    @Option(help: ArgumentHelp("global_keyprefix of the broker.", valueName: "prefix"))
    var brokerKeyPrefix: String?
    @Option(help: ArgumentHelp("global_keyprefix of the result backend.", valueName: "prefix"))
    var resultKeyPrefix: String?
    @Option(
        help: ArgumentHelp(
            "visibility_timeout of the broker (default: 3600).", valueName: "seconds"))
    var visibilityTimeout: String?
    @Option(
        help: ArgumentHelp(
            "priority_steps of the broker (default: 0,3,6,9).", valueName: "steps"))
    var prioritySteps: String?
    @Option(
        help: ArgumentHelp(
            "sep of the broker, bytes as \\xNN (default: \\x06\\x16).", valueName: "bytes"))
    var queueSep: String?
    @Option(
        help: ArgumentHelp(
            "Tasks of which to keep also what Flower would show; 0 keeps none (default: 10000).",
            valueName: "count"))
    var flowerTasks: String?
    @Option(
        help: ArgumentHelp(
            "Memory of the event log, MiB (default: 64).", valueName: "count"))
    var eventLog: String?

    @Option(
        help: ArgumentHelp("master_name of a sentinel:// broker.", valueName: "name"))
    var sentinelMaster: String?
    @Option(help: ArgumentHelp("User of the Sentinels themselves.", valueName: "name"))
    var sentinelUser: String?
    @Option(help: ArgumentHelp("Password of the Sentinels themselves.", valueName: "password"))
    var sentinelPassword: String?
    @Option(
        help: ArgumentHelp(
            "TLS to the Sentinels, such as ssl_cert_reqs=required&ssl_ca_certs=FILE.",
            valueName: "parameters"))
    var sentinelSsl: String?
    @Option(
        help: ArgumentHelp(
            "TLS to the master that Sentinels name, likewise.", valueName: "parameters"))
    var sentinelMasterSsl: String?
    @Option(
        help: ArgumentHelp(
            "master_name of a sentinel:// result backend; the broker's if it is not given.",
            valueName: "name"))
    var resultSentinelMaster: String?
    @Option(
        help: ArgumentHelp("Time between two rounds of questions.", valueName: "seconds"))
    var inspectInterval: String?
    @Option(
        help: ArgumentHelp(
            "Redis commands per minute that may be caused unasked.", valueName: "count"))
    var costCeiling: String?
    @Option(
        help: ArgumentHelp(
            "Time after which a silent worker leaves the list.", valueName: "seconds"))
    var workerGoneAfter: String?
    @Option(
        help: ArgumentHelp(
            "Provider that people sign in with (OpenID Connect).", valueName: "url"))
    var oidcIssuer: String?
    @Option(help: ArgumentHelp("Who the gateway is to the provider.", valueName: "id"))
    var oidcClientId: String?
    @Option(help: ArgumentHelp("File with the client's secret.", valueName: "file"))
    var oidcClientSecretFile: String?
    @Option(
        help: ArgumentHelp(
            "The gateway's address with the path /auth/oidc/callback, as browsers reach it.",
            valueName: "url"))
    var oidcRedirectUri: String?
    @Option(
        help: ArgumentHelp(
            "Who comes in: ada@example.com=admin,@example.com=viewer,groups:celery=operator.",
            valueName: "entries"))
    var oidcRoles: String?
    @Option(help: ArgumentHelp("What the provider is called (default: OpenID).", valueName: "name"))
    var oidcName: String?
    @Option(
        help: ArgumentHelp(
            "What the provider is asked to tell (default: openid email profile).",
            valueName: "scopes"))
    var oidcScopes: String?

    /// Resolves all settings.
    func resolve() throws -> Settings {
        let given: [SettingName: String?] = [
            .broker: broker, .resultBackend: resultBackend, .listen: listen, .web: web,
            .allowedOrigins: allowedOrigins, .trustedProxies: trustedProxies,
            .insecureListen: insecureListen ? "true" : nil,
            .tlsCert: tlsCert, .tlsKey: tlsKey, .tlsClientCA: tlsClientCA,
            .logLevel: logLevel, .logFormat: logFormat,
            .redact: redact, .socketsPerAddress: socketsPerAddress,
            .connectionsPerPrincipal: connectionsPerPrincipal, .resumeURL: resumeURL,
            .brokerKeyPrefix: brokerKeyPrefix, .resultKeyPrefix: resultKeyPrefix,
            .visibilityTimeout: visibilityTimeout, .prioritySteps: prioritySteps,
            .queueSep: queueSep, .flowerTasks: flowerTasks,
            .eventLog: eventLog,
            .sentinelMaster: sentinelMaster,
            .sentinelUser: sentinelUser, .sentinelPassword: sentinelPassword,
            .sentinelSSL: sentinelSsl, .sentinelMasterSSL: sentinelMasterSsl,
            .resultSentinelMaster: resultSentinelMaster, .inspectInterval: inspectInterval,
            .costCeiling: costCeiling, .workerGoneAfter: workerGoneAfter,
            .oidcIssuer: oidcIssuer, .oidcClientID: oidcClientId,
            .oidcClientSecretFile: oidcClientSecretFile, .oidcRedirectURI: oidcRedirectUri,
            .oidcRoles: oidcRoles, .oidcName: oidcName, .oidcScopes: oidcScopes,
        ]
        return try common.resolve(
            Dictionary(
                uniqueKeysWithValues: given.compactMap { name, text in
                    text.map { (name.rawValue, $0) }
                }))
    }
}
