internal import Ports
internal import WireFormats

/// Decides whether an ID token is believed (OpenID Connect Core, 3.1.3.7). A value; time is passed in.
struct IDTokenCheck {
    /// The provider that it must be of.
    let issuer: String
    /// Whom it must be for.
    let clientID: String
    /// What this sign-in was begun with.
    let nonce: String
    /// Unix seconds.
    let now: Double

    /// What a token claims, if all of it holds.
    func claims(
        in text: String, keys: KeySet, checker: any SignatureChecker
    ) throws(IDTokenFault) -> IDTokenClaims {
        let token = try JsonWebToken(parsing: text)
        let key = try keys.key(for: token)
        let isSigned: Bool
        do throws(CredentialError) {
            isSigned = try checker.isSignature(token.signature, of: token.message, by: key)
        } catch {
            throw .weakKey
        }
        guard isSigned else { throw .signature }
        let claims = token.claims
        guard ExactText.isEqual(claims["iss"]?.string, issuer) else { throw .issuer }
        try checkAudience(claims)
        try checkTimes(claims)
        guard ExactText.isEqual(claims["nonce"]?.string, nonce) else { throw .nonce }
        guard let subject = claims["sub"]?.string,
            (1...OpenIDLimits.subjectBytes).contains(subject.utf8.count),
            subject.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { throw .subject }
        return IDTokenClaims(subject: subject, all: claims)
    }

    private func checkAudience(_ claims: JsonValue) throws(IDTokenFault) {
        let audience: [JsonValue] =
            switch claims["aud"] {
            case .array(let several)?: several
            case let one?: [one]
            case nil: []
            }
        guard audience.contains(where: { ExactText.isEqual($0.string, clientID) }) else {
            throw .audience
        }
        // One that is for others too must say that it was given to us.
        guard claims["azp"] != nil || audience.count == 1 else { throw .authorizedParty }
        if let party = claims["azp"], !ExactText.isEqual(party.string, clientID) {
            throw .authorizedParty
        }
    }

    private func checkTimes(_ claims: JsonValue) throws(IDTokenFault) {
        let skew = OpenIDLimits.skewSeconds
        guard let end = claims["exp"]?.double, now < end + skew else { throw .expired }
        guard let issued = claims["iat"]?.double, issued <= now + skew,
            issued >= now - OpenIDLimits.tokenSeconds - skew
        else { throw .issuedAt }
        if let begin = claims["nbf"] {
            guard let begin = begin.double, begin <= now + skew else { throw .notYetValid }
        }
    }
}
