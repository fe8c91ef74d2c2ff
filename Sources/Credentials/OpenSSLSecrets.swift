package import Ports

/// Makes secrets and identifiers with OpenSSL: what the records and the gateway get as their
/// ``SecretSource``.
package struct OpenSSLSecrets: SecretSource {
    /// Makes a source; it holds nothing.
    package init() {}

    package func sha256(_ bytes: [UInt8]) throws(CredentialError) -> [UInt8] {
        try Digest.sha256(bytes)
    }

    package func hmacSHA256(key: [UInt8], message: [UInt8]) throws(CredentialError) -> [UInt8] {
        try Digest.hmacSHA256(key: key, message: message)
    }

    package func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        Digest.isEqual(left, right)
    }

    package func makeToken() throws(CredentialError) -> NewToken {
        let token = try BearerToken()
        return NewToken(id: token.id, text: token.text)
    }

    package func tokenID(of text: String) -> String? {
        BearerToken(parsing: text)?.id
    }

    package func makeSecret() throws(CredentialError) -> String {
        Base64URL.encode(try Randomness.bytes(BearerToken.secretByteCount))
    }

    package func isSecret(_ text: String) -> Bool {
        text.utf8.count == 43 && Base64URL.decode(text)?.count == BearerToken.secretByteCount
    }

    package func makeIdentifier() throws(CredentialError) -> String {
        try Randomness.identifier(length: BearerToken.idLength)
    }

    package func csrfToken(session secret: String) throws(CredentialError) -> String {
        // The session's secret has 256 random bits, so it serves as the key itself; the message
        // keeps this use apart from any other that may come.
        let code = try Digest.hmacSHA256(
            key: Array(secret.utf8), message: Array("celeriac csrf 1".utf8))
        return Base64URL.encode(code)
    }

    package func timeCodeStep(
        of code: String, secret: [UInt8], now: Double
    ) throws(CredentialError) -> Int64? {
        try TimeCode.step(of: code, secret: secret, now: now)
    }

    package func randomUUID() throws(CredentialError) -> String {
        try UniversalID.random()
    }

    package func taskID(principal: String, key: String) throws(CredentialError) -> String {
        // The length in front keeps ("a", "bc") and ("ab", "c") apart whatever the texts hold.
        let name = "\(principal.utf8.count):\(principal)\(key)"
        return try UniversalID.derived(namespace: UniversalID.celeriac, name: Array(name.utf8))
    }
}
