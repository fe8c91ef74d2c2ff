/// Why an ID token is refused. Says nothing of what is in it.
enum IDTokenFault: Error, Equatable {
    case tooLarge
    case malformed
    case algorithm
    case critical
    case unknownKey
    case weakKey
    case signature
    case issuer
    case audience
    case authorizedParty
    case subject
    case expired
    case issuedAt
    case notYetValid
    case nonce

    /// One sentence for the log and the audit.
    var message: String {
        switch self {
        case .tooLarge: "the ID token has more than \(OpenIDLimits.tokenBytes) bytes"
        case .malformed: "the ID token is no signed JSON web token"
        case .algorithm: "the ID token is not signed with RS256 or ES256"
        case .critical: "the ID token demands an extension (crit)"
        case .unknownKey: "the provider has no key that the ID token could be signed with"
        case .weakKey: "the provider's key is too weak, or none"
        case .signature: "the signature of the ID token is wrong"
        case .issuer: "the ID token is of another issuer (iss)"
        case .audience: "the ID token is not for this client (aud)"
        case .authorizedParty: "the ID token was given to another client (azp)"
        case .subject: "the ID token names nobody (sub)"
        case .expired: "the ID token has expired (exp)"
        case .issuedAt: "the ID token was not issued just now (iat); compare the clocks"
        case .notYetValid: "the ID token is not valid yet (nbf)"
        case .nonce: "the ID token is not for this sign-in (nonce)"
        }
    }
}
