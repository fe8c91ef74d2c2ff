/// Where one Redis (or Sentinel) process listens.
package enum RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host name or numeric IPv4/IPv6 address (without brackets) and a port.
    case tcp(host: String, port: Int)
    /// The path of a unix socket.
    case unixSocket(path: String)

    /// The endpoint as people write it, such as `[::1]:6379`; holds no secret.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unixSocket(let path): path
        }
    }
}
