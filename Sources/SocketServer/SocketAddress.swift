/// An address and port that a server listens on.
package struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// The IP address, without brackets.
    package let host: String
    /// The TCP port.
    package let port: UInt16

    /// Makes an address of its parts.
    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `host:port` as it stands in a URL: brackets round an IPv6 address.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
