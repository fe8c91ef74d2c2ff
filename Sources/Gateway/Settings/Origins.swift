/// Lists of web origins (RFC 6454), to be compared exactly.
enum Origins {
    /// Most origins of a list.
    static let maximumCount = 100

    /// Reads origins with commas between; `nil` if one is not `http` or `https`, a host and perhaps a
    /// port, with nothing after it. No patterns: an origin is allowed whole or not at all.
    static func read(_ text: String) -> [String]? {
        let parts = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        guard parts.count <= maximumCount else { return nil }
        var origins: [String] = []
        for part in parts where !part.isEmpty {
            guard let origin = origin(part) else { return nil }
            origins.append(origin)
        }
        return origins
    }

    /// The origin as browsers send it: lower-case, without the scheme's own port.
    private static func origin(_ text: String) -> String? {
        let text = text.lowercased()
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
        where text.hasPrefix(scheme) {
            let authority = text.dropFirst(scheme.count)
            let hasPort = authority.last != "]" && authority.contains(":")
            // A port of one's own, so that the address's rules apply with and without one.
            guard let address = ListenAddress(hasPort ? String(authority) : "\(authority):1"),
                address.port > 0, !authority.contains("_"), !authority.contains("%")
            else { return nil }
            return authority.hasSuffix(port)
                ? String(text.dropLast(port.count)) : text
        }
        return nil
    }
}
