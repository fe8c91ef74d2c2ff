/// Why a secret could not be made or a hash not be computed.
package struct CredentialError: Error, Equatable, Sendable {
    /// What kind of failure it is.
    package enum Code: Sendable, Equatable {
        /// The system has no random numbers for us.
        case noRandomness
        /// The cryptographic library refused to compute.
        case failed
        /// A password that may not be one, such as a short one.
        case unusable
        /// Too many passwords wait to be hashed.
        case overloaded
    }

    /// What kind of failure it is.
    package var code: Code
    /// What was attempted and what happened; never the secret.
    package var message: String

    /// Makes an error.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// A bearer token that has just been made; its text exists nowhere else.
package struct NewToken: Sendable, Equatable {
    /// The part that may be shown and stored: lower-case letters and digits.
    package var id: String
    /// The whole token, `clr_<id>_<secret>`; to be shown once and never stored.
    package var text: String

    /// Makes a token.
    package init(id: String, text: String) {
        self.id = id
        self.text = text
    }
}

/// Makes secrets and identifiers, and reduces secrets to what may be stored. Callable from any
/// thread; nothing blocks.
package protocol SecretSource: Sendable {
    /// SHA-256 (FIPS 180-4): 32 bytes.
    func sha256(_ bytes: [UInt8]) throws(CredentialError) -> [UInt8]

    /// HMAC-SHA-256 (RFC 2104): 32 bytes.
    func hmacSHA256(key: [UInt8], message: [UInt8]) throws(CredentialError) -> [UInt8]

    /// Whether two byte strings are equal; the time taken tells nothing about where they differ.
    func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool

    /// A new bearer token of 256 random bits.
    func makeToken() throws(CredentialError) -> NewToken

    /// The public part of a bearer token, or `nil` if the text cannot be one of ours.
    func tokenID(of text: String) -> String?

    /// A secret of 256 random bits as base64url text (43 characters): a session's, or a one-time code.
    func makeSecret() throws(CredentialError) -> String

    /// Whether the text can be a secret of ``makeSecret()``, by its shape alone.
    func isSecret(_ text: String) -> Bool

    /// A short random identifier: 16 lower-case letters and digits (80 bits).
    func makeIdentifier() throws(CredentialError) -> String

    /// What a page of a session must send back with each change (CSRF), derived from the session's
    /// secret: a page of another origin cannot read either.
    func csrfToken(session secret: String) throws(CredentialError) -> String

    /// The newest step of 30 s near a time whose code (TOTP, RFC 6238) this is; `nil` if it is of none.
    func timeCodeStep(
        of code: String, secret: [UInt8], now: Double
    ) throws(CredentialError) -> Int64?

    /// A random UUID (version 4, RFC 9562), lower-case.
    func randomUUID() throws(CredentialError) -> String

    /// The id that a task gets from an idempotency key (UUID version 5, RFC 9562): the same
    /// principal and key always give the same id, so that a second publish is recognisable.
    func taskID(principal: String, key: String) throws(CredentialError) -> String
}
