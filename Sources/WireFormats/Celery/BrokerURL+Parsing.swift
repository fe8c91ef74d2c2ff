extension BrokerURL {
    /// Longest URL, bytes.
    package static let maxBytes = 8192
    /// Most servers in one URL.
    package static let maxServers = 32

    /// Reads a URL.
    ///
    /// - Parameters:
    ///   - text: one URL, or several separated by `;`.
    ///   - role: Celery reads broker and result backend URLs differently in places; so do we.
    ///   - sentinel: needed for `sentinel://`.
    /// - Throws: what is wrong, where, and how to mend it; no secrets.
    package init(
        _ text: String, role: Role = .broker, sentinel: SentinelOptions? = nil
    ) throws(CeleryError) {
        guard text.utf8.count <= BrokerURL.maxBytes else {
            throw CeleryError(
                .tooLarge, "URL", "must not be longer than \(BrokerURL.maxBytes) bytes")
        }
        self.role = role
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " } }
        guard parts.count <= BrokerURL.maxServers else {
            throw CeleryError(
                .tooLarge, "URL", "must not name more than \(BrokerURL.maxServers) servers")
        }
        var found: [(scheme: Scheme, server: Server)] = []
        for (index, part) in parts.enumerated() {
            let place = parts.count == 1 ? "URL" : "URL \(index + 1) of \(parts.count)"
            do throws(CeleryError) {
                found.append(try BrokerURL.parse(String(part), role: role, place: place))
            } catch {
                throw BrokerURL.isSplit(parts[index...]) ? BrokerURL.split(place) : error
            }
        }
        guard let first = found.first, found.allSatisfy({ $0.scheme == first.scheme }) else {
            throw CeleryError(.invalid, "URL", "must use the same scheme for all servers of a list")
        }
        if first.scheme == .sentinel {
            route = try BrokerURL.sentinelRoute(found.map(\.server), sentinel)
        } else {
            guard role == .broker || found.count == 1 else {
                throw CeleryError(
                    .unsupported, "URL",
                    "lists several servers, which Celery's Redis result backend does not take; "
                        + "give one, or sentinel://")
            }
            route = .servers(found.map(\.server))
        }
        addWarnings()
    }

    /// Whether what went wrong may come from a password with characters that divide a URL: then
    /// pieces of it look like a port, a database or parameters, and no message may repeat them.
    private static func isSplit(_ parts: ArraySlice<Substring>) -> Bool {
        guard let first = parts.first, let mark = first.firstRange(of: "://") else { return false }
        let rest = first[mark.upperBound...]
        let divided = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        return rest[divided...].contains("@")
            || parts.dropFirst().contains { $0.contains("@") && !$0.contains("://") }
    }

    private static func split(_ place: String) -> CeleryError {
        CeleryError(
            .invalid, place,
            "cannot be read; a password with / ? # or ; needs them as %2F %3F %23 and %3B, a path "
                + "with @ needs it as %40")
    }

    private mutating func addWarnings() {
        if skipsVerification {
            warnings.append(
                "The URL says ssl_cert_reqs=none: the server's certificate is not checked. Give "
                    + "ssl_cert_reqs=required and ssl_ca_certs.")
        }
        if usedTLS.contains(where: { !$0.isVerificationGiven }) {
            warnings.append(
                "The URL has no ssl_cert_reqs: the certificate is checked here, but Celery's own "
                    + "clients do not check it. Give ssl_cert_reqs=required.")
        }
    }

    private static func sentinelRoute(
        _ servers: [Server], _ options: SentinelOptions?
    ) throws(CeleryError) -> Route {
        guard let options, !options.masterName.isEmpty else {
            throw CeleryError(
                .invalid, "URL",
                "is a sentinel:// one and needs the master's name as well (Celery's transport "
                    + "option master_name); give --sentinel-master")
        }
        // kombu takes password and database of the first URL, for the master.
        var login = servers.first?.login ?? Login()
        login.tls = options.masterTLS
        return .sentinel(
            sentinels: servers.map(\.endpoint), options: options, login: login)
    }

    // MARK: - One URL

    enum Scheme: String {
        case redis
        case rediss
        case socket = "redis+socket"
        case sentinel
    }

    private static func parse(
        _ text: String, role: Role, place: String
    ) throws(CeleryError) -> (scheme: Scheme, server: Server) {
        guard let mark = text.firstRange(of: "://") else {
            throw CeleryError(
                .invalid, place, "has no scheme; write it like redis://localhost:6379/0")
        }
        let scheme = try scheme(String(text[..<mark.lowerBound]).lowercased(), place)
        var rest = text[mark.upperBound...].prefix { $0 != "#" }
        var query = ""
        if let question = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: question)...])
            rest = rest[..<question]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let path = String(rest[slash...])
        var authority = rest[..<slash]
        var login = Login()
        if let at = authority.lastIndex(of: "@") {
            try readUser(authority[..<at], into: &login, place)
            authority = authority[authority.index(after: at)...]
        }
        let parameters = try parameters(query, place)
        if scheme == .socket {
            return (
                scheme, try socket(String(authority), path, parameters, login, role, place)
            )
        }
        login.database = try database(path, role, place)
        let tls = try tls(parameters, scheme, role, place)
        login.tls = tls
        let endpoint = try endpoint(
            String(authority), defaultPort: defaultPort(scheme, role), place)
        return (scheme, Server(endpoint: endpoint, login: login))
    }

    private static func scheme(_ text: String, _ place: String) throws(CeleryError) -> Scheme {
        if let scheme = Scheme(rawValue: text) { return scheme }
        switch text {
        case "unix":
            throw CeleryError(
                .unsupported, place,
                "uses unix://, which Celery does not know either; write "
                    + "redis+socket:///path/to/redis.sock?virtual_host=0")
        case "redis-cluster", "rediscluster", "redis+cluster":
            throw CeleryError(
                .unsupported, place,
                "names a Redis Cluster, which Celery's transport cannot use: its keys lie in "
                    + "different slots; give a single server, a failover list or sentinel://")
        case "valkey", "valkeys":
            throw CeleryError(
                .unsupported, place,
                "uses valkey://, which Celery does not know; Valkey speaks the same protocol, so "
                    + "write redis:// (or rediss://)")
        case "redis+sentinel", "sentinels":
            throw CeleryError(.unsupported, place, "must be written as sentinel://")
        case "amqp", "amqps", "pyamqp", "sqs", "memory", "filesystem", "kafka", "mongodb", "db",
            "rpc", "cache+memcached":
            throw CeleryError(
                .unsupported, place, "uses \(text)://; this gateway speaks to Redis only")
        default:
            throw CeleryError(
                .invalid, place,
                "has a scheme that is not known; use redis://, rediss://, redis+socket:// or "
                    + "sentinel://")
        }
    }

    private static func readUser(
        _ text: Substring, into login: inout Login, _ place: String
    ) throws(CeleryError) {
        let colon = text.firstIndex(of: ":")
        let user = try decoded(text[..<(colon ?? text.endIndex)], "\(place), user name")
        if !user.isEmpty { login.user = user }
        if let colon {
            let password = try decoded(text[text.index(after: colon)...], "\(place), password")
            if !password.isEmpty { login.password = password }
        }
    }

    private static func decoded(
        _ text: Substring, _ place: String
    ) throws(CeleryError) -> String {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexDigit),
                let low = iterator.next().flatMap(hexDigit)
            else {
                throw CeleryError(
                    .invalid, place, "has a % that is not followed by two digits; write it as %25")
            }
            bytes.append(high << 4 | low)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CeleryError(.invalid, place, "is not UTF-8 after decoding its % escapes")
        }
        return text
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    // MARK: - Address

    private static func endpoint(
        _ authority: String, defaultPort: Int, _ place: String
    ) throws(CeleryError) -> Endpoint {
        var host = authority[...]
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw CeleryError(.invalid, place, "has a [ without ] round its IPv6 address")
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else {
                throw CeleryError(.invalid, place, "has text between its IPv6 address and its port")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
            guard port?.contains(":") == false else {
                throw CeleryError(
                    .invalid, place, "has an IPv6 address without brackets; write [::1]:6379")
            }
        }
        let name = try decoded(host, "\(place), host")
        guard !name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw CeleryError(.invalid, place, "has white space or control characters in its host")
        }
        return .tcp(
            host: name.isEmpty ? "127.0.0.1" : name, port: try self.port(port, defaultPort, place))
    }

    /// Celery's result backend looks for Sentinels on Redis's port; it is followed in that.
    private static func defaultPort(_ scheme: Scheme, _ role: Role) -> Int {
        scheme == .sentinel && role == .broker ? 26379 : 6379
    }

    private static func port(
        _ text: Substring?, _ defaultPort: Int, _ place: String
    ) throws(CeleryError) -> Int {
        guard let text, !text.isEmpty else { return defaultPort }
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = Int(text),
            (1...65535).contains(port)
        else { throw CeleryError(.invalid, place, "has a port that is no number from 1 to 65535") }
        return port
    }

    private static func database(
        _ path: String, _ role: Role, _ place: String
    ) throws(CeleryError) -> Int {
        let name = path.hasPrefix("/") ? path.dropFirst() : path[...]
        // "", "/" and "//" are 0 for a broker; a result backend refuses "//".
        if name.isEmpty || (name == "/" && role == .broker) { return 0 }
        // kombu drops a second slash: it began as the name of a virtual host.
        let digits = role == .broker && name.hasPrefix("/") ? name.dropFirst() : name
        return try number(digits, place)
    }

    private static func number(
        _ text: Substring, _ place: String
    ) throws(CeleryError) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let number = Int(text), number < 1 << 20
        else {
            throw CeleryError(
                .invalid, place,
                "names a database that is no number; write it like redis://localhost:6379/0")
        }
        return number
    }

    private static func socket(
        _ authority: String, _ path: String, _ parameters: [Parameter], _ login: Login,
        _ role: Role, _ place: String
    ) throws(CeleryError) -> Server {
        guard authority.isEmpty, path.count > 1 else {
            throw CeleryError(
                .invalid, place,
                "needs an absolute path; write redis+socket:///run/redis.sock (three slashes)")
        }
        // A login behind a slash too many would be a part of the path, and paths are shown.
        guard !path.contains("@") else { throw split(place) }
        var login = login
        for parameter in parameters {
            switch parameter.name {
            case "virtual_host":
                login.database = try number(
                    parameter.value.drop { $0 == "/" }, "\(place), virtual_host")
            case "credential_provider": throw credentialProvider(place)
            default:
                if role == .broker { throw unknown(parameter.name, place) }
            }
        }
        return Server(
            endpoint: .unixSocket(path: try decoded(path[...], "\(place), path")), login: login)
    }
}
