/// An address of a web server that secrets may be sent to: `https`, or `http` on this machine alone.
package struct WebAddress: Sendable, Equatable {
    /// All of it, as it was given.
    package let text: String
    /// What comes after the host and port; empty, or beginning with `/` or `?`.
    let rest: String
    /// Whether it is `http`, and so on this machine.
    let isPlain: Bool

    /// Reads an address; `nil` if it is none, names a user, has a fragment, or would go over the network in the
    /// clear.
    package init?(_ text: String) {
        guard text.utf8.count <= OpenIDLimits.urlBytes,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            !text.contains(where: { "\"#<>\\^`{|}".contains($0) })
        else { return nil }
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: text.hasPrefix) else { return nil }
        let behind = text.dropFirst(scheme.count)
        let end = behind.firstIndex { $0 == "/" || $0 == "?" } ?? behind.endIndex
        let authority = behind[..<end]
        let hasPort = authority.last != "]" && authority.contains(":")
        guard let host = ListenAddress(hasPort ? String(authority) : "\(authority):443"),
            host.port > 0, !authority.contains("%")
        else { return nil }
        isPlain = scheme == "http://"
        guard !isPlain || host.isLoopback else { return nil }
        self.text = text
        rest = String(behind[end...])
    }
}
