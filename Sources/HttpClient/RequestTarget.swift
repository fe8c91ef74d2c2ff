internal import Ports

/// Where a request goes: the parts of an `http` or `https` address.
struct RequestTarget: Sendable, Equatable {
    let isSecure: Bool
    /// A name or an address, IPv6 without brackets.
    let host: String
    /// Host and port, as they stand in the address and in the header `host`.
    let authority: String
    /// As ``authority``, with a port at any rate.
    let endpoint: String
    /// Path and query.
    let path: String

    /// Reads an address; `nil` if it is none.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let schemes = [("https://", "443"), ("http://", "80")]
        guard let (scheme, port) = schemes.first(where: { text.hasPrefix($0.0) }) else {
            return nil
        }
        let behind = text.dropFirst(scheme.count).prefix { $0 != "#" }
        let end = behind.firstIndex { $0 == "/" || $0 == "?" } ?? behind.endIndex
        let authority = behind[..<end]
        let hasPort = authority.last != "]" && authority.contains(":")
        let host = hasPort ? authority[..<(authority.lastIndex(of: ":") ?? end)] : authority
        guard !host.isEmpty, !authority.contains("@") else { return nil }
        isSecure = scheme == "https://"
        self.host = host.first == "[" ? String(host.dropFirst().dropLast()) : String(host)
        self.authority = String(authority)
        endpoint = hasPort ? String(authority) : "\(authority):\(port)"
        path = behind[end...].first == "/" ? String(behind[end...]) : "/\(behind[end...])"
    }

    /// The bytes of a request; `nil` if a header is none.
    func bytes(of request: WebRequest) -> [UInt8]? {
        var lines = [
            "\(request.body == nil ? "GET" : "POST") \(path) HTTP/1.1", "host: \(authority)",
            "connection: close", "user-agent: celeriac",
        ]
        if let body = request.body { lines.append("content-length: \(body.count)") }
        for (name, value) in request.headers.sorted(by: { $0.key < $1.key }) {
            lines.append("\(name): \(value)")
        }
        guard lines.allSatisfy({ $0.utf8.allSatisfy { (0x20...0x7e).contains($0) } }) else {
            return nil
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (request.body ?? [])
    }
}
