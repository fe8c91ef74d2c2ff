internal import Ports
internal import WireFormats

/// A signed JSON web token in its compact form (RFC 7515, 3.1): read, and not yet believed.
struct JsonWebToken {
    /// The algorithms that are taken. `none` and those with shared secrets are not among them.
    enum Algorithm: String, Sendable {
        case rs256 = "RS256"
        case es256 = "ES256"
    }

    let algorithm: Algorithm
    /// Which of the provider's keys it says it is signed with.
    let keyID: String?
    /// What it claims; believe nothing before the signature is checked.
    let claims: JsonValue
    /// What is signed.
    let message: [UInt8]
    let signature: [UInt8]

    /// Reads a token's text.
    init(parsing text: String) throws(IDTokenFault) {
        guard text.utf8.count <= OpenIDLimits.tokenBytes else { throw .tooLarge }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]),
            let claims = Self.object(parts[1]), let signature = Base64URL.decode(String(parts[2]))
        else { throw .malformed }
        guard let algorithm = header["alg"]?.string.flatMap(Algorithm.init) else {
            throw .algorithm
        }
        // Nobody may be asked to understand what we do not (RFC 7515, 4.1.11).
        guard header["crit"] == nil else { throw .critical }
        if let keyID = header["kid"] {
            guard let keyID = keyID.string else { throw .malformed }
            self.keyID = keyID
        } else {
            keyID = nil
        }
        self.algorithm = algorithm
        self.claims = claims
        self.signature = signature
        message = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    }

    private static func object(_ part: Substring) -> JsonValue? {
        guard let bytes = Base64URL.decode(String(part)),
            let value = try? JsonReader.parse(bytes, limits: OpenIDLimits.json),  // nil is refused
            value.object != nil
        else { return nil }
        return value
    }
}
