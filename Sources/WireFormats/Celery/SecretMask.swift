/// Takes secrets out of settings before anybody sees them.
package enum SecretMask {
    private static let mask = "********"
    private static let words = [
        "password", "passwd", "passphrase", "secret", "token", "signature", "credential", "api_key",
        "apikey", "private_key", "access_key", "security_key", "encryption_key", "auth",
    ]

    /// The value with what its name or the names inside it call a secret masked, and with the
    /// passwords of URLs masked.
    ///
    /// - Parameter name: name of the setting or member.
    package static func masked(_ value: JsonValue, name: String) -> JsonValue {
        if isSecret(name), !value.isNull, value.bool == nil { return .string(mask) }
        switch value {
        case .string(let text): return .string(maskedURLs(text))
        case .array(let elements): return .array(elements.map { masked($0, name: "") })
        case .object(let members):
            return .object(members.map { JsonMember($0.name, masked($0.value, name: $0.name)) })
        default: return value
        }
    }

    private static func isSecret(_ name: String) -> Bool {
        let lowered = name.lowercased()
        return words.contains(where: lowered.contains)
    }

    /// Text with what stands between `://` and `@` masked behind its colon, in each URL of it.
    package static func maskedURLs(_ text: String) -> String {
        var output = ""
        var rest = Substring(text)
        while let start = rest.firstRange(of: "://") {
            output += rest[..<start.upperBound]
            rest = rest[start.upperBound...]
            let authority = rest.prefix { !"/?#; ,'\"".contains($0) }
            guard let at = authority.lastIndex(of: "@") else { continue }
            let user = authority[..<at].prefix { $0 != ":" }
            output += user.count < authority[..<at].count ? "\(user):\(mask)@" : "\(user)@"
            rest = rest[rest.index(after: at)...]
        }
        return output + rest
    }
}
