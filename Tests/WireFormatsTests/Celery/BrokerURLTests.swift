import Testing
import WireFormats

struct BrokerURLTests {
    private let sentinel = BrokerURL.SentinelOptions(masterName: "mymaster", password: "hidden-s")

    /// What of a captured outcome we follow, and what we read differently on purpose.
    private enum Expected {
        case refused
        case parameters(JsonValue)
    }

    private func expected(_ text: String, _ outcome: JsonValue) -> Expected {
        if outcome["error"] != nil || outcome["connparams_error"] != nil { return .refused }
        return .parameters(outcome["connparams"] ?? outcome)
    }

    private func check(_ text: String, _ outcome: JsonValue, role: BrokerURL.Role) throws {
        switch expected(text, outcome) {
        case .refused:
            #expect(throws: CeleryError.self, "\(text)") {
                try BrokerURL(text, role: role, sentinel: sentinel)
            }
        case .parameters(let wanted):
            let url = try BrokerURL(text, role: role, sentinel: sentinel)
            #expect(url.login.password == wanted["password"]?.string, "\(text)")
            #expect(url.login.user == wanted["username"]?.string, "\(text)")
            #expect(String(url.database) == wanted["db"]?.string, "\(text)")
            try checkEndpoint(url, wanted, text)
            try checkTLS(url, wanted, text)
        }
    }

    private func checkEndpoint(_ url: BrokerURL, _ wanted: JsonValue, _ text: String) throws {
        let endpoint: BrokerURL.Endpoint
        switch url.route {
        case .servers(let servers): endpoint = try #require(servers.first).endpoint
        case .sentinel(let sentinels, let options, _):
            #expect(options == sentinel)
            endpoint = try #require(sentinels.first)
        }
        if let path = wanted["path"]?.string {
            #expect(endpoint == .unixSocket(path: path), "\(text)")
        } else if let port = wanted["port"]?.string, let host = wanted["host"]?.string {
            guard case .tcp(let foundHost, let foundPort) = endpoint else {
                Issue.record("\(text) is no TCP endpoint")
                return
            }
            #expect(String(foundPort) == port, "\(text)")
            let isLocal = foundHost == "127.0.0.1" && host == "localhost"
            #expect(foundHost == host || isLocal, "\(text)")
        }
    }

    private func checkTLS(_ url: BrokerURL, _ wanted: JsonValue, _ text: String) throws {
        guard wanted["ssl_cert_reqs"] != nil || text.hasPrefix("rediss") else {
            #expect(url.login.tls == nil, "\(text)")
            return
        }
        let tls = try #require(url.login.tls)
        if tls.isVerificationGiven {
            let words: [BrokerURL.TLS.Verification] = [.none, .optional, .required]
            let index = Int(try #require(wanted["ssl_cert_reqs"]?.string)) ?? -1
            #expect(tls.verification == words[index], "\(text)")
        } else {
            // Celery would check nothing here. We do.
            #expect(tls.verification == .required)
            #expect(url.warnings.count == 1)
        }
        #expect(tls.authorityFile == wanted["ssl_ca_certs"]?.string, "\(text)")
        if let checks = wanted["ssl_check_hostname"]?.string {
            #expect(String(tls.checksHostname).capitalized == checks)
        }
    }

    @Test func `every captured broker URL is read as kombu reads it`() throws {
        let samples = try #require(CelerySamples.load("broker_urls").object)
        #expect(samples.count == 28)
        for sample in samples { try check(sample.name, sample.value, role: .broker) }
    }

    @Test func `every captured result backend URL is read as Celery reads it`() throws {
        let samples = try #require(CelerySamples.load("result_backend_urls").object)
        #expect(samples.count >= 24)
        for sample in samples { try check(sample.name, sample.value, role: .resultBackend) }
    }

    @Test func `failover lists and Sentinels keep their order and the first login`() throws {
        let list = try BrokerURL("redis://a:1/0;redis://:x@b:2/3")
        guard case .servers(let servers) = list.route else { return #expect(Bool(false)) }
        #expect(servers.map(\.endpoint) == [.tcp(host: "a", port: 1), .tcp(host: "b", port: 2)])
        #expect(servers[1].login.database == 3)

        let url = try BrokerURL(
            "sentinel://:pw@s1:26380/2;sentinel://s2", sentinel: sentinel)
        guard case .sentinel(let sentinels, _, let login) = url.route else {
            return #expect(Bool(false))
        }
        #expect(sentinels == [.tcp(host: "s1", port: 26380), .tcp(host: "s2", port: 26379)])
        #expect(login.password == "pw")
        #expect(login.database == 2)
        #expect(throws: CeleryError.self) { try BrokerURL("sentinel://s1") }
        #expect(throws: CeleryError.self) {
            try BrokerURL("redis://a;sentinel://b", sentinel: sentinel)
        }
    }

    @Test(arguments: [
        ("unix:///run/x.sock", "redis+socket://"), ("valkey://h", "redis://"),
        ("redis-cluster://h", "Cluster"), ("redis://h/0?credential_provider=x.y", "Python"),
        ("redis://h/db5", "database"), ("localhost:6379", "scheme"), ("redis://h:x/0", "port"),
        ("redis://h:70000", "port"), ("redis://h:0", "port"), ("redis://::1/0", "brackets"),
        ("redis://[::1/0", "]"), ("redis://:%4@h/0", "%25"), ("redis://:%ff@h/0", "UTF-8"),
        ("redis+socket://run/x.sock", "three slashes"), ("redis+socket://", "three slashes"),
        ("redis+socket:///:pw@/run/x.sock", "%40"),
        ("redis://h/0?ssl_cert_reqs=none", "rediss://"), ("rediss://h?ssl_cert_reqs=x", "required"),
        ("redis://h/0?db=1", "db"), ("amqp://h", "Redis only"), ("redis://h/-1", "database"),
        ("redis://h/0;", "scheme"), ("", "scheme"), ("redis://a b/0", "white space"),
        ("redis://h/99999999999999999999", "database"),
    ])
    func `what cannot be is refused with how to mend it`(text: String, hint: String) {
        let error = #expect(throws: CeleryError.self) { try BrokerURL(text) }
        #expect(error?.description.contains(hint) == true, "\(error?.description ?? "no error")")
    }

    @Test func `TLS behind Sentinel is told beside the URL, for both ways`() throws {
        let tls = try BrokerURL.tls(
            "ssl_cert_reqs=required&ssl_ca_certs=/a.pem", place: "--sentinel-ssl")
        let masterTLS = try BrokerURL.tls(
            "ssl_cert_reqs=none", place: "--sentinel-master-ssl")
        let url = try BrokerURL(
            "sentinel://:pw@s1/0",
            sentinel: BrokerURL.SentinelOptions(masterName: "m", tls: tls, masterTLS: masterTLS))

        guard case .sentinel(_, let options, let login) = url.route else {
            Issue.record("no Sentinels")
            return
        }
        #expect(options.tls?.authorityFile == "/a.pem" && options.tls?.verification == .required)
        #expect(login.tls?.verification == BrokerURL.TLS.Verification.none)
        #expect(url.skipsVerification && url.warnings.count == 1)
        for text in ["", "ssl_cert_reqs=maybe", "no_such=1", "ssl_ca_certs=%"] where !text.isEmpty {
            #expect(throws: CeleryError.self) { try BrokerURL.tls(text, place: "--sentinel-ssl") }
        }
        #expect(try BrokerURL.tls("", place: "--sentinel-ssl").verification == .required)
    }

    @Test func `TLS parameters in a URL of Sentinels are refused with where they belong`() {
        let refusal = #expect(throws: CeleryError.self) {
            try BrokerURL("sentinel://s1/0?ssl_cert_reqs=required", sentinel: sentinel)
        }
        #expect("\(refusal.map { "\($0)" } ?? "")".contains("--sentinel-master-ssl"))
    }

    @Test func `no text about a URL tells a password`() throws {
        let secret = "s3cr3t"
        for text in [
            "redis://user:\(secret)@h/1", "redis://:\(secret)@h/1", "rediss://:\(secret)@[::1]:1/1",
            "redis+socket://:\(secret)@/run/x.sock?virtual_host=1",
            "sentinel://:\(secret)@s1/1;sentinel://:\(secret)@s2/1",
            "redis://a;redis://:\(secret)@b",
        ] {
            let url = try BrokerURL(
                text,
                sentinel: BrokerURL.SentinelOptions(masterName: "m", user: "u", password: secret))
            let texts = [
                url.redacted, "\(url)", String(reflecting: url), "\(url.login)",
                String(reflecting: url.route), "\(url.route)",
            ]
            for text in texts { #expect(!text.contains(secret), "\(text)") }
        }
        for text in [
            "redis://:\(secret)@h/x", "redis://:\(secret)@h:x", "red://:\(secret)@h",
            "redis://:\(secret)%@h", "redis://:\(secret)@h/0?x=\(secret)",
            "redis://:x?\(secret)@h/0", "redis://:x?y&\(secret)=1@h/0", "redis://:x/\(secret)@h/0",
            "redis://:x#\(secret)@h/0", "redis://:x;\(secret)@h/0",
            "redis://:x?\(secret)@h;redis://h", "redis+socket:///:\(secret)@/run/x.sock",
            "redis+socket://:x@/run/\(secret)@x.sock",
        ] {
            let error = #expect(throws: CeleryError.self) { try BrokerURL(text) }
            #expect(error.map { "\($0)" }?.contains(secret) == false)
        }
        #expect(try BrokerURL("redis://user:x@h/1").redacted == "redis://user:***@h:6379/1")
        #expect(try BrokerURL("redis://:x@[::1]/").redacted == "redis://:***@[::1]:6379/0")
    }

    @Test(arguments: ["/", "?", "#", ";"])
    func `a password that divides the URL is refused with how to write it`(mark: String) throws {
        let error = #expect(throws: CeleryError.self) { try BrokerURL("redis://u:a\(mark)b@h/1") }
        #expect(error?.description.contains("%3F") == true)
        let codes = ["/": "%2F", "?": "%3F", "#": "%23", ";": "%3B"]
        let code = try #require(codes[mark])
        #expect(try BrokerURL("redis://u:a\(code)b@h/1").login.password == "a\(mark)b")
    }

    @Test func `the bounds hold`() throws {
        let most = BrokerURL.maxServers
        let list = Array(repeating: "redis://h", count: most).joined(separator: ";")
        #expect(throws: Never.self) { try BrokerURL(list) }
        #expect(throws: CeleryError.self) { try BrokerURL(list + ";redis://h") }
        let start = "redis://:@h/0"
        let long =
            "redis://:" + String(repeating: "x", count: BrokerURL.maxBytes - start.utf8.count)
            + "@h/0"
        #expect(throws: Never.self) { try BrokerURL(long) }
        #expect(throws: CeleryError.self) { try BrokerURL(long + "0") }
    }

    @Test func `random damage never traps`() {
        var generator = SeededGenerator(5)
        let seeds = [
            "rediss://u:p%40@h:6380/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem",
            "sentinel://:pw@s1:26379/2;sentinel://s2",
            "redis+socket://:pw@/run/r.sock?virtual_host=2",
            "redis://[::1]:6379/0",
        ]
        for _ in 0..<20_000 {
            var bytes = Array(generator.pick(seeds).utf8)
            generator.damage(&bytes)
            let url = try? BrokerURL(String(decoding: bytes, as: UTF8.self), sentinel: sentinel)
            if let url { #expect(url.database >= 0) }
        }
    }
}
