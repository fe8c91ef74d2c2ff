package import Ports
package import WireFormats

/// What `celeriac` is told at its start: flags win over the environment, the environment over the
/// configuration file, and that over the defaults. Pure: the file's text comes in.
package struct Settings: Sendable {
    /// Everything that was given.
    package struct Input: Sendable {
        /// Values by ``SettingName/rawValue``; a flag that was not given is absent.
        package var flags: [String: String]
        /// The environment's variables.
        package var environment: [String: String]
        /// The configuration file's name (for messages) and text.
        package var file: (name: String, text: String)?
        /// The web folder if nobody names one.
        package var webFolder = "web"

        /// Makes an input.
        package init(
            flags: [String: String] = [:], environment: [String: String] = [:],
            file: (name: String, text: String)? = nil, webFolder: String = "web"
        ) {
            self.flags = flags
            self.environment = environment
            self.file = file
            self.webFolder = webFolder
        }
    }

    /// One resolved setting, for `celeriac check`.
    package struct Entry: Sendable, Equatable {
        /// Which one.
        package var name: SettingName
        /// Its text, passwords masked; empty if there is none.
        package var text: String
        /// Where it comes from.
        package var source: SettingSource
    }

    /// How important a message is; names as in swift-log.
    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// What log lines look like.
    package enum LogFormat: String, Sendable, CaseIterable {
        /// Text on a terminal, JSON otherwise.
        case auto
        /// Lines for people.
        case text
        /// A JSON object a line.
        case json
    }

    /// Broker URL; holds the password.
    package let broker: String
    /// Result backend URL; `nil` means the broker.
    package let resultBackend: String?
    /// Where to listen.
    package let listen: ListenAddress
    /// Directory of the records.
    package let data: String
    /// Directory of the dashboard's files.
    package let web: String
    /// Origins besides our own that may connect, such as `https://ops.example`: to be compared as
    /// they are.
    package let allowedOrigins: [String]
    /// Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    package let trustedProxies: TrustedProxies
    /// Whether listening beyond loopback without TLS was asked for by name.
    package let insecureListen: Bool
    /// Files of the server's certificate chain and its key, PEM; `nil`: no TLS.
    package let tls: (certificate: String, key: String)?
    /// File of the authorities that vouch for certificates of clients, PEM; `nil`: none is asked for.
    package let clientAuthority: String?
    /// The least important messages to log.
    package let logLevel: LogLevel
    /// What log lines look like.
    package let logFormat: LogFormat
    /// Takes secrets out of the texts of users.
    package let redactor: Redactor
    /// WebSockets that one address may have; `nil` leaves the server's default.
    package let socketsPerAddress: Int?
    /// WebSockets that one credential may have.
    package let connectionsPerPrincipal: Int
    /// Where this gateway alone is reached by WebSocket; empty if clients are not told.
    package let resumeURL: String
    /// `global_keyprefix` of the broker.
    package let brokerKeyPrefix: String
    /// `global_keyprefix` of the result backend.
    package let resultKeyPrefix: String
    /// `visibility_timeout` of the broker, seconds.
    package let visibilityTimeout: Int
    /// `priority_steps` and `sep` of the broker.
    package let naming: QueueNaming
    /// Tasks in the flower view; 0 switches it off.
    package let flowerTasks: Int
    /// Mebibytes of events kept for those who read them.
    package let eventLog: Int
    /// The master's name and how to enter the Sentinels, for a `sentinel://` broker.
    package let sentinel: BrokerURL.SentinelOptions?
    /// The same for a `sentinel://` result backend.
    package let resultSentinel: BrokerURL.SentinelOptions?
    /// Seconds between two rounds of questions for figures that no event tells.
    package let inspectInterval: Int
    /// Commands per minute that we may cause by ourselves.
    package let costCeiling: Int
    /// Seconds without a sign of life after which a worker leaves the list.
    package let workerGoneAfter: Int
    /// The provider that people sign in with; `nil` if there is none.
    package let openID: OpenIDSettings?
    /// All settings with their sources, in the order of ``SettingName``.
    package let entries: [Entry]
    /// Sentences about what was given and is of no effect.
    package let warnings: [String]

    /// Whether other machines reach the gateway over connections that are not encrypted.
    package var isOpen: Bool { !listen.isLoopback && tls == nil }

    /// What stands before result keys: Celery puts a `_` behind its prefix unless that ends in one of
    /// `: _ - .` (`KeyValueStoreBackend` in celery/backends/base.py).
    package var resultPrefix: String {
        ResultKeys.prefix(for: resultKeyPrefix)
    }

    /// Resolves all settings.
    package init(_ input: Input) throws(SettingsError) {
        var reader = try SettingsReader(input)
        broker = try reader.value(
            .broker, default: "redis://localhost:6379/0",
            expected: "a URL such as redis://host:6379/0", Self.url)
        resultBackend = reader.text(.resultBackend)?.text
        if let resultBackend, Self.url(resultBackend) == nil {
            throw SettingsError(
                .resultBackend, reader.entries.last?.source ?? .builtIn,
                "must be a URL such as redis://host:6379/1")
        }
        listen = try reader.value(
            .listen, default: "127.0.0.1:8555",
            expected: "HOST:PORT such as 127.0.0.1:8555 or [::1]:8555", ListenAddress.init)
        let listenSource = reader.entries.last?.source ?? .builtIn
        data = try reader.value(
            .data, default: Self.dataDirectory(input.environment), expected: "a directory",
            Self.path)
        web = try reader.value(.web, default: input.webFolder, expected: "a directory", Self.path)
        allowedOrigins = try reader.value(
            .allowedOrigins, default: "",
            expected: "origins such as https://ops.example, with commas between", Origins.read)
        trustedProxies = try reader.value(
            .trustedProxies, default: "",
            expected:
                "at most \(TrustedProxies.maximumCount) addresses or networks such as 10.0.0.0/8, with commas between",
            TrustedProxies.init)
        insecureListen = try reader.value(
            .insecureListen, default: "false", expected: "true or false", Self.truth)
        tls = try Self.tls(&reader)
        let authority = reader.text(.tlsClientCA)
        if let authority, tls == nil {
            throw SettingsError(
                .tlsClientCA, authority.source, "\(SettingName.tlsCert.flag) is needed too")
        }
        clientAuthority = authority?.text
        logLevel = try reader.value(
            .logLevel, default: "info", expected: Self.oneOf(LogLevel.self), LogLevel.init)
        logFormat = try reader.value(
            .logFormat, default: "auto", expected: Self.oneOf(LogFormat.self), LogFormat.init)
        redactor = try reader.value(
            .redact, default: "standard",
            expected: "standard, none, or at most \(Redactor.names) names such as iban or "
                + "tax-no* with commas between, each of 2 to \(Redactor.nameBytes) letters",
            Self.redactor)
        let sockets = try reader.number(.socketsPerAddress, default: 0, in: 0...1_000_000)
        socketsPerAddress = sockets == 0 ? nil : sockets
        connectionsPerPrincipal = try reader.number(
            .connectionsPerPrincipal, default: SessionLimits.connections, in: 1...1_000_000)
        resumeURL = try reader.value(
            .resumeURL, default: "",
            expected: "a URL such as wss://gw-1.example/ws/v1 (ws:// on this machine alone)",
            Self.socketURL)
        brokerKeyPrefix = try reader.value(
            .brokerKeyPrefix, default: "", expected: "at most 256 bytes", Self.keyPrefix)
        resultKeyPrefix = try reader.value(
            .resultKeyPrefix, default: "", expected: "at most 256 bytes", Self.keyPrefix)
        visibilityTimeout = try reader.number(
            .visibilityTimeout, default: 3_600, in: 1...31_536_000)
        naming = QueueNaming(
            steps: try reader.value(
                .prioritySteps, default: "0,3,6,9",
                expected: "ascending numbers from 0 to 9 with commas between, such as 0,3,6,9",
                QueueNaming.steps),
            separator: try reader.value(
                .queueSep, default: "\\x06\\x16",
                expected: "1 to \(QueueNaming.maxSeparatorBytes) bytes, such as : or \\x06\\x16",
                QueueNaming.separator))
        flowerTasks = try reader.number(.flowerTasks, default: 10_000, in: 0...100_000)
        eventLog = try reader.number(.eventLog, default: 64, in: 1...4_096)
        (sentinel, resultSentinel) = try Self.sentinels(&reader)
        inspectInterval = try reader.number(.inspectInterval, default: 10, in: 1...86_400)
        costCeiling = try reader.number(.costCeiling, default: 60_000, in: 600...10_000_000)
        workerGoneAfter = try reader.number(.workerGoneAfter, default: 600, in: 10...604_800)
        openID = try OpenIDSettings(&reader)
        entries = reader.entries
        warnings = Self.misspelled(input.environment)
        guard !isOpen || insecureListen else {
            throw SettingsError(
                .listen, listenSource,
                "\(listen) can be reached from other machines, and there is no TLS; "
                    + "give \(SettingName.tlsCert.flag) and \(SettingName.tlsKey.flag), listen on "
                    + "127.0.0.1, or say \(SettingName.insecureListen.flag)")
        }
    }

    private static func tls(
        _ reader: inout SettingsReader
    ) throws(SettingsError) -> (certificate: String, key: String)? {
        let certificate = reader.text(.tlsCert)
        let key = reader.text(.tlsKey)
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (certificate.text, key.text)
        case (let given?, nil):
            throw SettingsError(.tlsCert, given.source, "\(SettingName.tlsKey.flag) is needed too")
        case (nil, let given?):
            throw SettingsError(.tlsKey, given.source, "\(SettingName.tlsCert.flag) is needed too")
        }
    }

    private static func sentinels(
        _ reader: inout SettingsReader
    ) throws(SettingsError) -> (
        broker: BrokerURL.SentinelOptions?, results: BrokerURL.SentinelOptions?
    ) {
        let master = reader.text(.sentinelMaster)?.text
        let user = reader.text(.sentinelUser)?.text
        let password = reader.text(.sentinelPassword)?.text
        let tls = try ssl(.sentinelSSL, &reader)
        let masterTLS = try ssl(.sentinelMasterSSL, &reader)
        let resultMaster = reader.text(.resultSentinelMaster)?.text ?? master
        func options(_ name: String?) -> BrokerURL.SentinelOptions? {
            name.map {
                .init(
                    masterName: $0, user: user, password: password, tls: tls, masterTLS: masterTLS)
            }
        }
        return (options(master), options(resultMaster))
    }

    private static func ssl(
        _ name: SettingName, _ reader: inout SettingsReader
    ) throws(SettingsError) -> BrokerURL.TLS? {
        guard let given = reader.text(name) else { return nil }
        do throws(CeleryError) {
            return try BrokerURL.tls(given.text, place: name.flag)
        } catch {
            throw SettingsError(name, given.source, "\(error)")
        }
    }

    /// The directory of the records: where programs keep state that is theirs (XDG base directories).
    private static func dataDirectory(_ environment: [String: String]) -> String {
        if let state = environment["XDG_STATE_HOME"], state.first == "/" {
            return state + "/celeriac"
        }
        if let home = environment["HOME"], home.first == "/" {
            return home + "/.local/state/celeriac"
        }
        return "celeriac-data"
    }

    private static func url(_ text: String) -> String? {
        text.contains("://") && !text.hasPrefix("://") && text.utf8.count <= 4_096 ? text : nil
    }

    private static func socketURL(_ text: String) -> String? {
        guard !text.isEmpty else { return text }
        guard text.hasPrefix("ws"), let address = WebAddress("http" + text.dropFirst(2)),
            address.rest == "/ws/v1"
        else { return nil }
        return text
    }

    private static func path(_ text: String) -> String? {
        (1...4_096).contains(text.utf8.count) && !text.utf8.contains(0) ? text : nil
    }

    private static func keyPrefix(_ text: String) -> String? {
        text.utf8.count <= 256 ? text : nil
    }

    private static func redactor(_ text: String) -> Redactor? {
        guard text != "none" else { return Redactor(patterns: []) }
        return Redactor(
            patterns: text.split(separator: ",", omittingEmptySubsequences: false).map {
                String($0.filter { $0 != " " })
            })
    }

    private static func truth(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    private static func oneOf<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type
    ) -> String {
        "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// Variables that look like ours and are not: nobody should wonder why they do nothing.
    private static func misspelled(_ environment: [String: String]) -> [String] {
        let known = Set(SettingName.allCases.map(\.variable) + ["CELERIAC_CONFIG"])
        return environment.keys.filter { $0.hasPrefix("CELERIAC_") && !known.contains($0) }
            .sorted().map { "the variable \($0) is no setting and has no effect" }
    }
}
