/// Which provider people sign in with, and who of them comes in.
package struct OpenIDSettings: Sendable, Equatable {
    /// Where it calls the browser back to.
    static let callbackPath = "/auth/oidc/callback"

    /// The provider.
    package let issuer: WebAddress
    /// Who we are to it.
    package let clientID: String
    /// File with the secret that proves it; `nil` if there is none.
    package let secretFile: String?
    /// Our ``callbackPath`` as browsers reach it.
    package let redirectURI: WebAddress
    /// Who comes in.
    package let roles: RoleMapping
    /// What it is called on the page.
    package let name: String
    /// What the provider is asked to tell, with spaces between.
    package let scopes: String
    /// All that decides who comes in, as one text.
    package let fingerprint: String

    init?(_ reader: inout SettingsReader) throws(SettingsError) {
        let issuer = reader.text(.oidcIssuer)
        let clientID = reader.text(.oidcClientID)
        let secretFile = reader.text(.oidcClientSecretFile)
        let redirectURI = reader.text(.oidcRedirectURI)
        let roles = reader.text(.oidcRoles)
        name = try reader.value(
            .oidcName, default: "OpenID", expected: "1 to 40 visible characters", Self.label)
        scopes = try reader.value(
            .oidcScopes, default: "openid email profile",
            expected: "words with spaces between, with openid among them", Self.scopes)
        guard let issuer else {
            let others: [(SettingName, (text: String, source: SettingSource)?)] = [
                (.oidcClientID, clientID), (.oidcClientSecretFile, secretFile),
                (.oidcRedirectURI, redirectURI), (.oidcRoles, roles),
            ]
            for (name, given) in others {
                guard let given else { continue }
                throw SettingsError(
                    name, given.source, "\(SettingName.oidcIssuer.flag) is needed too")
            }
            return nil
        }
        self.issuer = try Self.read(
            .oidcIssuer, issuer, "an https address (http on this machine) without a query"
        ) { WebAddress($0).flatMap { $0.rest.contains("?") ? nil : $0 } }
        func needed(
            _ name: SettingName, _ given: (text: String, source: SettingSource)?
        ) throws(SettingsError) -> (text: String, source: SettingSource) {
            guard let given else {
                throw SettingsError(.oidcIssuer, issuer.source, "\(name.flag) is needed too")
            }
            return given
        }
        self.clientID = try Self.read(
            .oidcClientID, needed(.oidcClientID, clientID), "1 to 255 printable characters"
        ) { (1...255).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isPrintable) ? $0 : nil }
        self.secretFile = secretFile?.text
        self.redirectURI = try Self.read(
            .oidcRedirectURI, needed(.oidcRedirectURI, redirectURI),
            "the gateway's https address (http on this machine) with the path \(Self.callbackPath)"
        ) { WebAddress($0).flatMap { $0.rest == Self.callbackPath ? $0 : nil } }
        let mapping = try needed(.oidcRoles, roles)
        self.roles = try Self.read(
            .oidcRoles, mapping,
            "at most \(OpenIDLimits.rules) entries such as ada@example.com=admin, "
                + "@example.com=viewer or groups:celery=operator, with commas between",
            RoleMapping.init)
        fingerprint = [self.issuer.text, self.clientID, mapping.text].joined(separator: "\n")
    }

    private static func read<Value>(
        _ name: SettingName, _ given: (text: String, source: SettingSource), _ expected: String,
        _ read: (String) -> Value?
    ) throws(SettingsError) -> Value {
        guard let value = read(given.text) else {
            throw SettingsError(
                name, given.source, "must be \(expected), not `\(given.text.prefix(64))`")
        }
        return value
    }

    private static func label(_ text: String) -> String? {
        let isVisible = text.unicodeScalars.allSatisfy {
            !$0.properties.isDefaultIgnorableCodePoint && $0.value >= 0x20 && $0.value != 0x7f
        }
        return (1...40).contains(text.count) && text.utf8.count <= 160 && isVisible ? text : nil
    }

    private static func scopes(_ text: String) -> String? {
        let words = text.split(separator: " ")
        let isPlain = text.utf8.allSatisfy { $0 == 0x20 || isPrintable($0) }
        return isPlain && words.contains("openid") && text.utf8.count <= 512
            ? words.joined(separator: " ") : nil
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x21...0x7e).contains(byte) }
}
