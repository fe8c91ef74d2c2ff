/// A public key, as a provider publishes it (JWK, RFC 7517 and 7518).
package enum PublicKey: Sendable, Equatable {
    /// RSA; both numbers big-endian, without a sign.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// A point of the curve P-256, 32 bytes each.
    case p256(x: [UInt8], y: [UInt8])
}

/// Checks signatures over SHA-256. Callable from any thread; nothing blocks.
package protocol SignatureChecker: Sendable {
    /// Whether it is the signature of a message by the owner of a key: with RSA, PKCS #1 v1.5 (`RS256` of
    /// RFC 7518); with P-256, the numbers r and s, 32 bytes each (`ES256`).
    ///
    /// - Throws: `.unusable` if it is no such key, or a weak one.
    func isSignature(
        _ signature: [UInt8], of message: [UInt8], by key: PublicKey
    ) throws(CredentialError) -> Bool
}
