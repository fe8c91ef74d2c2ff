extension BrokerURL: CustomStringConvertible, CustomDebugStringConvertible {
    /// The URL without passwords, for people and logs.
    package var redacted: String {
        switch route {
        case .servers(let servers):
            servers.map { BrokerURL.text($0) }.joined(separator: ";")
        case .sentinel(let sentinels, let options, let login):
            sentinels.map { "sentinel://\(BrokerURL.user(login))\(BrokerURL.text($0))" }
                .joined(separator: ";")
                + "/\(login.database) (master \(options.masterName))"
        }
    }

    /// The URL without passwords.
    package var description: String { redacted }
    /// The URL without passwords.
    package var debugDescription: String { redacted }

    private static func text(_ server: Server) -> String {
        let login = server.login
        switch server.endpoint {
        case .unixSocket:
            return
                "redis+socket://\(user(login))\(text(server.endpoint))?virtual_host=\(login.database)"
        case .tcp:
            let scheme = login.tls == nil ? "redis" : "rediss"
            return "\(scheme)://\(user(login))\(text(server.endpoint))/\(login.database)"
        }
    }

    private static func user(_ login: Login) -> String {
        if login.password == nil { return login.user.map { "\($0)@" } ?? "" }
        return "\(login.user ?? ""):***@"
    }

    private static func text(_ endpoint: Endpoint) -> String {
        switch endpoint {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unixSocket(let path): path
        }
    }
}

extension BrokerURL.Login: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says whether there is a password, never which.
    package var description: String {
        "user \(user ?? "default"), \(password == nil ? "no password" : "password"), "
            + "db \(database), \(tls == nil ? "plain" : "TLS")"
    }

    /// The same: a debugger's text ends in logs too.
    package var debugDescription: String { description }
}

extension BrokerURL.SentinelOptions: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says whether there is a password, never which.
    package var description: String {
        "master \(masterName), user \(user ?? "default"), "
            + (password == nil ? "no password" : "password")
    }

    /// The same: a debugger's text ends in logs too.
    package var debugDescription: String { description }
}
