import Testing
import WireFormats

@testable import Gateway

@Suite struct SettingsTests {
    private func settings(
        flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
    ) throws -> Settings {
        try Settings(
            Settings.Input(
                flags: flags, environment: environment,
                file: file.map { (name: "celeriac.conf", text: $0) }))
    }

    private func error(
        flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil
    ) -> SettingsError? {
        do {
            _ = try settings(flags: flags, environment: environment, file: file)
            return nil
        } catch let error as SettingsError {
            return error
        } catch {
            return nil
        }
    }

    @Test func `a flag beats the environment, that the file, and that the default`() throws {
        let flags = ["listen": "127.0.0.1:1"]
        let environment = ["CELERIAC_LISTEN": "127.0.0.1:2"]
        let file = "\n listen = 127.0.0.1:3 \n"

        let all = try settings(flags: flags, environment: environment, file: file)
        let two = try settings(environment: environment, file: file)
        let one = try settings(file: file)
        let none = try settings()

        #expect([all, two, one, none].map(\.listen.port) == [1, 2, 3, 8_555])
        #expect(
            [all, two, one, none].map { $0.entries.first { $0.name == .listen }?.source } == [
                .flag("--listen"), .environment("CELERIAC_LISTEN"),
                .file(name: "celeriac.conf", line: 2), .builtIn,
            ])
    }

    @Test func `each setting has an entry, and each name a flag and a variable`() throws {
        #expect(try settings().entries.map(\.name) == SettingName.allCases)
        #expect(SettingName.resultBackend.flag == "--result-backend")
        #expect(SettingName.resultBackend.variable == "CELERIAC_RESULT_BACKEND")
    }

    @Test func `the defaults are those of a single machine`() throws {
        let plain = try settings(environment: ["HOME": "/h/ada"])

        #expect(plain.broker == "redis://localhost:6379/0")
        #expect(plain.resultBackend == nil)
        #expect(plain.listen.description == "127.0.0.1:8555")
        #expect(plain.data == "/h/ada/.local/state/celeriac")
        #expect(plain.allowedOrigins.isEmpty)
        #expect(!plain.trustedProxies.contains("127.0.0.1"))
        #expect(plain.logLevel == .info)
        #expect(plain.socketsPerAddress == nil)
        #expect(plain.connectionsPerPrincipal == 10)
        #expect(plain.resumeURL.isEmpty)
        #expect(plain.visibilityTimeout == 3_600)
        #expect(plain.naming == .standard)
        #expect(plain.flowerTasks == 10_000)
        #expect(plain.eventLog == 64)
        #expect(plain.warnings.isEmpty)
        #expect(try settings(environment: ["XDG_STATE_HOME": "/s"]).data == "/s/celeriac")
        #expect(try settings(environment: ["XDG_STATE_HOME": "s"]).data == "celeriac-data")
    }

    @Test func `an empty variable is none, an empty flag is an error`() throws {
        #expect(try settings(environment: ["CELERIAC_LISTEN": ""]).listen.port == 8_555)
        #expect(error(flags: ["listen": ""])?.source == .flag("--listen"))
    }

    @Test func `all settings can stand in the file`() throws {
        let read = try settings(
            file: """
                # of the site\r
                broker = "redis://:pa=ss#1@host/1"\r
                result-backend=redis://host/2
                  listen = [::1]:9000
                data = /var/lib/celeriac
                web = "/srv/my web"
                allowed-origins = https://Ops.example:443, http://wall.example:8080
                trusted-proxies = 10.0.0.0/8, ::1
                insecure-listen = no
                tls-cert = cert.pem
                tls-key = key.pem
                tls-client-ca = clients.pem
                log-level = debug
                log-format = json
                redact = standard, iban
                sockets-per-address = 20
                connections-per-principal = 11
                resume-url = wss://gw-1.example:8443/ws/v1
                broker-key-prefix = app:
                result-key-prefix =
                visibility-timeout = 60
                priority-steps = 0,5
                queue-sep = ":"
                flower-tasks = 0
                event-log = 4096
                sentinel-master = mymaster
                sentinel-user = watcher
                sentinel-password = s3cret
                sentinel-ssl = ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem
                sentinel-master-ssl = ssl_cert_reqs=optional
                result-sentinel-master = other
                inspect-interval = 30
                cost-ceiling = 6000
                worker-gone-after = 120
                oidc-issuer = https://id.example/realm
                oidc-client-id = celeriac
                oidc-client-secret-file = /etc/celeriac/secret
                oidc-redirect-uri = https://ops.example/auth/oidc/callback
                oidc-roles = ada@example.com=admin, @example.com=viewer
                oidc-name = Our Login
                oidc-scopes = openid  groups
                """)

        #expect(read.broker == "redis://:pa=ss#1@host/1")
        #expect(read.resultBackend == "redis://host/2")
        #expect(read.listen.host == "::1")
        #expect(read.web == "/srv/my web")
        #expect(read.allowedOrigins == ["https://ops.example", "http://wall.example:8080"])
        #expect(read.trustedProxies.contains("10.9.9.9"))
        #expect(read.clientAuthority == "clients.pem")
        #expect(read.logLevel == .debug)
        #expect(read.logFormat == .json)
        #expect(read.redactor == Redactor(patterns: ["standard", "iban"]))
        #expect(read.socketsPerAddress == 20)
        #expect(read.connectionsPerPrincipal == 11)
        #expect(read.resumeURL == "wss://gw-1.example:8443/ws/v1")
        #expect(read.brokerKeyPrefix == "app:")
        #expect(read.resultKeyPrefix.isEmpty)
        #expect(read.visibilityTimeout == 60)
        #expect(read.naming == QueueNaming(steps: [0, 5], separator: Array(":".utf8)))
        #expect(read.flowerTasks == 0)
        #expect(read.eventLog == 4_096)
        #expect(read.sentinel?.masterName == "mymaster")
        #expect(read.sentinel?.user == "watcher")
        #expect(read.sentinel?.password == "s3cret")
        #expect(read.sentinel?.tls?.authorityFile == "/etc/ca.pem")
        #expect(read.resultSentinel?.masterTLS?.verification == .optional)
        #expect(read.resultSentinel?.masterName == "other")
        #expect(!read.entries.contains { $0.text.contains("s3cret") })
        #expect(read.inspectInterval == 30)
        #expect(read.costCeiling == 6_000)
        #expect(read.workerGoneAfter == 120)
        #expect(read.openID?.issuer.text == "https://id.example/realm")
        #expect(read.openID?.clientID == "celeriac")
        #expect(read.openID?.secretFile == "/etc/celeriac/secret")
        #expect(read.openID?.redirectURI.text == "https://ops.example/auth/oidc/callback")
        #expect(read.openID?.name == "Our Login")
        #expect(read.openID?.scopes == "openid groups")
        #expect(read.entries.allSatisfy { $0.source != .builtIn })
    }

    @Test(arguments: [
        ("listen", "celeriac.conf, line 1: expected `key = value`"),
        ("\n\nlisen = x", "celeriac.conf, line 3: there is no setting `lisen`; there are broker"),
        ("web = a\nweb = b", "web (celeriac.conf, line 2): it was given before, in line 1"),
        ("web = \"a", "web (celeriac.conf, line 1): the closing quote is missing"),
        ("log-level = loud", "log-level (celeriac.conf, line 1): must be one of trace"),
        ("sockets-per-address = -1", "must be a whole number from 0 to 1000000, not `-1`"),
        ("connections-per-principal = 0", "must be a whole number from 1 to 1000000, not `0`"),
        (
            "resume-url = ws://gw-1.example/ws/v1",
            "resume-url (celeriac.conf, line 1): must be a URL"
        ),
        ("resume-url = wss://gw-1.example/", "resume-url (celeriac.conf, line 1): must be a URL"),
        ("resume-url = https://gw-1.example/ws/v1", "resume-url (celeriac.conf, line 1): must be"),
        ("redact = a", "redact (celeriac.conf, line 1): must be standard, none, or at most 64"),
        ("redact = iban,", "redact (celeriac.conf, line 1): must be standard, none, or at most 64"),
        ("insecure-listen = maybe", "must be true or false, not `maybe`"),
        ("broker = localhost", "broker (celeriac.conf, line 1): must be a URL such as"),
        ("result-backend = x", "result-backend (celeriac.conf, line 1): must be a URL"),
        (String(repeating: "#", count: 65_537), "at most 65536 bytes"),
    ])
    func `errors of the file name the line, the key and what is right`(
        file: String, expected: String
    ) {
        let found = error(file: file)?.description ?? ""

        #expect(found.contains(expected), "\(found)")
    }

    @Test(arguments: [("", ""), ("app", "app_"), ("app:", "app:"), ("a-", "a-"), ("a_b", "a_b_")])
    func `result keys get their separator as Celery gives it`(
        given: String, expected: String
    ) throws {
        #expect(try settings(flags: ["result-key-prefix": given]).resultPrefix == expected)
    }

    @Test func `a file of the largest size is read`() throws {
        let comment = String(repeating: "#", count: 65_536 - 10)

        #expect(try settings(file: comment + "\nweb = abc").web == "abc")
    }

    @Test func `errors of flags and variables name them`() {
        #expect(
            error(flags: ["listen": "8555"])?.description
                == "--listen: must be HOST:PORT such as 127.0.0.1:8555 or [::1]:8555, not `8555`")
        #expect(
            error(environment: ["CELERIAC_LOG_FORMAT": "xml"])?.description
                == "CELERIAC_LOG_FORMAT: must be one of auto, text, json, not `xml`")
        #expect(error(flags: ["brokr": "x"])?.source == .flag("--brokr"))
    }

    @Test func `a password is neither in an entry nor in an error`() throws {
        let flags = [
            "broker": "redis://ada:s3cret@host/0", "result-backend": "redis://:s3cret@h/1",
        ]

        let texts = try settings(flags: flags).entries.map(\.text)
        let refused = error(flags: ["broker": "ada:s3cret@host"])

        #expect(texts.contains("redis://ada:***@host/0"))
        #expect(texts.contains("redis://:***@h/1"))
        #expect(!texts.contains { $0.contains("s3cret") })
        #expect(refused?.description.contains("s3cret") == false)
    }

    @Test(arguments: [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://user@host", "redis://***@host"),
        ("redis://u:p@q:r/@host/0", "redis://u:***@host/0"),
        (
            "rediss://h/0?ssl_cert_reqs=none&password=x",
            "rediss://h/0?ssl_cert_reqs=***&password=***"
        ),
        ("sentinel://:a@h1:1;sentinel://:b@h2:2", "sentinel://:***@h1:1;sentinel://:***@h2:2"),
        ("redis+socket://:p@/run/redis.sock", "redis+socket://:***@/run/redis.sock"),
        ("", ""), ("://", "://"), ("a://@", "a://***@"),
    ])
    func `masking hides each password`(url: String, expected: String) {
        #expect(BrokerMask.masked(url) == expected)
    }

    @Test func `a variable that is no setting is told`() throws {
        let environment = ["CELERIAC_BROKR": "x", "CELERIAC_CONFIG": "y", "PATH": "z"]

        #expect(
            try settings(environment: environment).warnings
                == ["the variable CELERIAC_BROKR is no setting and has no effect"])
    }

    @Test(arguments: ["0.0.0.0:8555", "[::]:8555", "gateway.example:443", "128.0.0.1:1", "127.1:1"])
    func `beyond loopback it listens only if told so by name`(listen: String) throws {
        let refused = error(environment: ["CELERIAC_LISTEN": listen])

        #expect(refused?.name == .listen)
        #expect(refused?.description.contains("--insecure-listen") == true)
        let allowed = try settings(flags: ["listen": listen, "insecure-listen": "true"])
        #expect(!allowed.listen.isLoopback)
    }

    @Test(arguments: [
        "", ":8555", "host", "host:", "host:65536", "host:+1", "host:-1", "::1:80", "[host]:1",
        "[::1]", "a b:1", "host:1 ", "a/b:1", String(repeating: "a", count: 256) + ":1",
    ])
    func `what is no address is refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: [
        "*", "https://*.example", "https://a.example/", "https://a.example/x", "a.example",
        "ftp://a", "https://", "https://a:0", "https://a:b", "https://u@a", "null", "https://a_b",
        "https://a?b",
    ])
    func `what is no origin is refused`(text: String) {
        #expect(Origins.read(text) == nil)
        #expect(Origins.read("https://good.example, \(text)") == nil)
    }

    @Test func `origins are bounded in number`() {
        let most = Array(repeating: "https://a", count: Origins.maximumCount)

        #expect(Origins.read(most.joined(separator: ","))?.count == Origins.maximumCount)
        #expect(Origins.read((most + ["https://a"]).joined(separator: ",")) == nil)
        #expect(
            Origins.read("https://[::1]:8555,http://[::1]") == [
                "https://[::1]:8555", "http://[::1]",
            ])
        #expect(Origins.read("http://a:80,https://a:80") == ["http://a", "https://a:80"])
    }

    @Test(
        arguments: [
            ("45s", 45), ("30m", 1_800), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600),
            ("3650d", 315_360_000), ("3651d", nil), ("11y", nil), ("0d", nil), ("", nil),
            ("d", nil), ("30", nil),
            ("-1d", nil), ("+1d", nil), ("1.5h", nil), ("1y", 31_536_000), ("9999999999s", nil),
            ("٣d", nil),
        ] as [(String, Int?)])
    func `spans of time are read`(text: String, seconds: Int?) {
        #expect(TimeSpan(text)?.seconds == seconds)
    }

    @Test func `a certificate needs its key, and both make listening anywhere safe`() throws {
        let both = ["tls-cert": "c.pem", "tls-key": "k.pem"]
        #expect(
            try settings(flags: both.merging(["listen": "0.0.0.0:1"]) { $1 }).tls?.key == "k.pem")
        #expect(try settings().tls == nil)
        #expect(
            error(flags: ["tls-cert": "c.pem"])?.description
                == "--tls-cert: --tls-key is needed too")
        #expect(
            error(environment: ["CELERIAC_TLS_KEY": "k.pem"])?.description
                == "CELERIAC_TLS_KEY: --tls-cert is needed too")
        #expect(
            error(flags: ["tls-client-ca": "ca.pem"])?.description
                == "--tls-client-ca: --tls-cert is needed too")
    }
}
