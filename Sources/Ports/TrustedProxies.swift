/// Networks whose word about the client behind them is taken: reverse proxies in front of us.
///
/// Everybody can send `X-Forwarded-For`; only what such a proxy has appended is true. So the list is read
/// from its end, as long as who speaks is trusted.
package struct TrustedProxies: Sendable {
    /// Most networks of a list.
    package static let maximumCount = 64
    /// Most entries of `X-Forwarded-For` that are read, from its end.
    package static let maximumHops = 16

    private struct Network: Sendable {
        let address: InternetAddress
        /// Bits that count, of 128.
        let bits: Int

        func contains(_ other: InternetAddress) -> Bool {
            let whole = bits / 8
            guard address.bytes.prefix(whole) == other.bytes.prefix(whole) else { return false }
            let rest = bits % 8
            guard rest > 0 else { return true }
            return (address.bytes[whole] ^ other.bytes[whole]) >> (8 - rest) == 0
        }
    }

    private var networks: [Network] = []

    /// Trusts nobody.
    package init() {}

    /// Reads addresses and networks (`10.0.0.0/8`, `fd00::/8`) with commas between; `nil` if one is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        guard parts.count <= Self.maximumCount else { return nil }
        for part in parts where !part.isEmpty {
            guard let network = Self.network(part) else { return nil }
            networks.append(network)
        }
    }

    private static func network(_ text: String) -> Network? {
        let sides = text.split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count <= 2, let address = InternetAddress(sides[0]) else { return nil }
        guard sides.count == 2 else { return Network(address: address, bits: 128) }
        let width = address.isFour ? 32 : 128
        guard sides[1].count <= 3, sides[1].allSatisfy({ $0.isASCII && $0.isNumber }),
            let bits = Int(sides[1]), bits <= width
        else { return nil }
        return Network(address: address, bits: 128 - width + bits)
    }

    /// Whether an address is that of a trusted proxy.
    package func contains(_ address: String) -> Bool {
        guard !networks.isEmpty, let address = InternetAddress(address) else { return false }
        return contains(address)
    }

    private func contains(_ address: InternetAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// Who asks, and whether the way to them is encrypted.
    ///
    /// - Parameters:
    ///   - peer: the address at the other end of the connection.
    ///   - isSecure: whether that connection is TLS.
    ///   - forwardedFor: `X-Forwarded-For`: addresses, the last appended by the peer.
    ///   - scheme: `X-Forwarded-Proto`: how the client came to the proxy.
    package func client(
        peer: String, isSecure: Bool, forwardedFor: String?, scheme: String?
    ) -> (address: String, isSecure: Bool) {
        guard contains(peer) else { return (peer, isSecure) }
        let isEncrypted = scheme.map { $0.lowercased().filter { $0 != " " } == "https" } ?? isSecure
        var client = peer
        let hops = (forwardedFor ?? "").split(separator: ",").suffix(Self.maximumHops)
        for hop in hops.reversed() {
            let text = hop.filter { $0 != " " && $0 != "\t" }
            // Not an address ("unknown", one with a port): who comes before it is unknown, too.
            guard let address = InternetAddress(text) else { break }
            client = text
            guard contains(address) else { break }
        }
        return (client, isEncrypted)
    }
}
