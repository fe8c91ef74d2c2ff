internal import Ports

/// Where a browser says a request comes from, against where it may come from (R2, product rule 2).
///
/// Comparison is exact: scheme, host and port; never a suffix or a pattern.
struct OriginPolicy: Sendable, Equatable {
    /// Origins besides our own, such as `https://ops.example.org`; lower-case, no trailing slash.
    let allowed: Set<String>

    init(allowed: [String] = []) {
        self.allowed = Set(allowed.map { $0.lowercased() })
    }

    /// Whether a request that carries a cookie may be trusted to come from one of our pages.
    ///
    /// Browsers send `Origin` with every WebSocket handshake and every request that changes
    /// something; a cookie without it is refused.
    func trusts(_ request: HttpRequest) -> Bool {
        guard let origin = request.headers["origin"] else { return false }
        return isAllowed(origin, host: request.headers["host"], isSecure: request.isSecure)
    }

    /// Whether an `Origin` header, if there is one, is one of ours.
    func tolerates(_ request: HttpRequest) -> Bool {
        request.headers["origin"] == nil || trusts(request)
    }

    private func isAllowed(_ origin: String, host: String?, isSecure: Bool) -> Bool {
        // Browsers write names of other alphabets in ASCII. Among other letters are some that become
        // ASCII as small letters (the Kelvin sign), or count as equal to others.
        guard origin.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        let origin = origin.lowercased()
        if allowed.contains(origin) { return true }
        guard let host, !host.isEmpty else { return false }
        return origin == "\(isSecure ? "https" : "http")://\(host.lowercased())"
    }
}
