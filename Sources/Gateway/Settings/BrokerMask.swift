/// Hides what may be a password in a broker URL that need not be valid. In doubt it hides more.
enum BrokerMask {
    /// The text with `***` for passwords: all of the user part but a name before its first colon,
    /// and the values of query fields.
    static func masked(_ text: String) -> String {
        // Sentinel URLs stand in one text with `;` between, each with its own `scheme://`.
        var result = ""
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            // A password may hold any character, so the last `@` before the next URL counts.
            let end = rest.firstRange(of: "://")?.lowerBound ?? rest.endIndex
            guard let at = rest[..<end].lastIndex(of: "@") else { continue }
            let user = rest[..<at].prefix { $0 != ":" }
            result += user.count < rest[..<at].count ? "\(user):***" : "***"
            rest = rest[at...]
        }
        return maskedQuery(result + rest)
    }

    private static func maskedQuery(_ text: String) -> String {
        guard let mark = text.firstIndex(of: "?") else { return text }
        let fields = text[text.index(after: mark)...].split(
            separator: "&", omittingEmptySubsequences: false)
        let hidden = fields.map { field in
            guard let equals = field.firstIndex(of: "=") else { return "***" }
            return "\(field[..<equals])=***"
        }
        return text[...mark] + hidden.joined(separator: "&")
    }
}
