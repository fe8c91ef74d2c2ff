package import Ports

/// Who of those that a provider vouches for comes in, and as what. Nobody does without an entry.
///
/// Entries stand with commas between, and the first that fits counts: `ada@example.com=admin`,
/// `@example.com=viewer` (all addresses of that domain and none below it), `groups:celery=operator` (a claim
/// that is this text, or a list with it). The role `none` keeps somebody out.
package struct RoleMapping: Sendable, Equatable {
    private enum Rule: Equatable {
        case email(String)
        case domain(String)
        case claim(String, value: String)
    }

    private struct Entry: Equatable {
        let rule: Rule
        /// `nil` keeps them out.
        let role: Role?
    }

    /// What the entries say of somebody.
    enum Answer: Equatable {
        /// They come in.
        case role(Role)
        /// They do not.
        case nobody
        /// An entry would let them in, had the provider verified their address.
        case unverified
    }

    private let entries: [Entry]

    /// Reads a setting; `nil` if an entry is none, or there are too many.
    package init?(_ text: String) {
        let parts = text.split(separator: ",").map(Self.trimmed).filter { !$0.isEmpty }
        guard (1...OpenIDLimits.rules).contains(parts.count) else { return nil }
        var entries: [Entry] = []
        for part in parts {
            guard let entry = Self.entry(part) else { return nil }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// Whether an entry lets somebody in with a role.
    package func letsIn(_ role: Role) -> Bool { entries.contains { $0.role == role } }

    /// What somebody may do here.
    func answer(for claims: IDTokenClaims) -> Answer {
        var wouldFit = false
        for entry in entries {
            let fits = Self.fits(entry.rule, claims)
            guard fits else { continue }
            // Who is to be kept out is not let in by leaving the address unverified.
            guard let role = entry.role else { return .nobody }
            if case .claim = entry.rule { return .role(role) }
            if claims.isEmailVerified { return .role(role) }
            wouldFit = true
        }
        return wouldFit ? .unverified : .nobody
    }

    private static func fits(_ rule: Rule, _ claims: IDTokenClaims) -> Bool {
        switch rule {
        case .email(let address): claims.email == address
        case .domain(let domain):
            claims.email?.split(separator: "@").last.map(String.init) == domain
        case .claim(let name, let value):
            claims.texts(of: name).contains { ExactText.isEqual($0, value) }
        }
    }

    private static func entry(_ text: Substring) -> Entry? {
        guard let equals = text.lastIndex(of: "=") else { return nil }
        let word = String(trimmed(text[text.index(after: equals)...]))
        let role = Role(rawValue: word)
        guard role != nil || word == "none", let rule = rule(trimmed(text[..<equals])) else {
            return nil
        }
        return Entry(rule: rule, role: role)
    }

    private static func rule(_ text: Substring) -> Rule? {
        // Claims may be named by an address of their own, which has a colon in it.
        let isNamedByURL = text.hasPrefix("https://") || text.hasPrefix("http://")
        if let colon = isNamedByURL ? text.lastIndex(of: ":") : text.firstIndex(of: ":") {
            let (name, value) = (text[..<colon], text[text.index(after: colon)...])
            // Addresses have entries of their own, which ask whether they are verified.
            guard !name.isEmpty, !value.isEmpty, name != "email" else { return nil }
            return .claim(String(name), value: String(value))
        }
        if text.first == "@" {
            let domain = text.dropFirst()
            guard let address = IDTokenClaims.address("x@\(domain)"), !domain.contains("@") else {
                return nil
            }
            return .domain(String(address.dropFirst(2)))
        }
        return IDTokenClaims.address(String(text)).map(Rule.email)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
