/// How to enter a server once it is reached. Printing it shows no secret.
package struct RedisLogin: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// ACL user; `nil` for the default user.
    package var username: String?
    /// Password; `nil` sends no `AUTH` unless there is a user.
    package var password: String?
    /// Number of the database; 0 sends no `SELECT`.
    package var database: Int
    /// TLS; `nil` for a plain connection.
    package var tls: TLSOptions?

    /// Makes a login; the default is the default user, database 0, no TLS.
    package init(
        username: String? = nil, password: String? = nil, database: Int = 0, tls: TLSOptions? = nil
    ) {
        self.username = username
        self.password = password
        self.database = database
        self.tls = tls
    }

    /// Names what is set, never the password.
    package var description: String {
        "user \(username ?? "default"), \(password == nil ? "no password" : "password"), "
            + "db \(database), \(tls == nil ? "plain" : "TLS")"
    }

    /// Nothing but the description, so that `dump` and test failures show no secret either.
    package var customMirror: Mirror { Mirror(self, children: ["login": description]) }
}
