internal import COpenSSL
package import Ports

/// Checks signatures with OpenSSL (https://docs.openssl.org/3.0/man3/EVP_DigestVerifyInit/).
package struct OpenSSLSignatures: SignatureChecker {
    /// Bits of an RSA key: fewer are too weak (RFC 7518, 3.3), more too slow to check on the loop.
    static let modulusBits = 2_048...8_192
    /// Bytes of an RSA key's exponent.
    static let exponentBytes = 1...4

    /// Makes a checker.
    package init() {}

    package func isSignature(
        _ signature: [UInt8], of message: [UInt8], by key: PublicKey
    ) throws(CredentialError) -> Bool {
        let encoded: [UInt8]
        switch key {
        case .rsa(let modulus, let exponent):
            try Self.check(modulus: modulus, exponent: exponent)
            // As long as the modulus, or it is none.
            guard signature.count == modulus.drop(while: { $0 == 0 }).count else { return false }
            encoded = signature
        case .p256(let x, let y):
            guard x.count == 32, y.count == 32 else {
                throw CredentialError(.unusable, "the coordinates of a P-256 key have 32 bytes")
            }
            guard signature.count == 64 else { return false }
            encoded = DerEncoding.ecdsaSignature(signature)
        }
        let subject = DerEncoding.publicKey(key)
        ERR_clear_error()
        defer { ERR_clear_error() }
        let owner = unsafe subject.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            // SAFETY: OpenSSL reads `count` bytes and copies what it keeps.
            var next = bytes.baseAddress
            return unsafe d2i_PUBKEY(nil, &next, bytes.count)
        }
        guard let owner = unsafe owner else {
            throw CredentialError(.unusable, "a public key is none that OpenSSL can use")
        }
        defer { unsafe EVP_PKEY_free(owner) }
        return try unsafe Self.verify(encoded, of: message, by: owner)
    }

    private static func verify(
        _ signature: [UInt8], of message: [UInt8], by key: OpaquePointer
    ) throws(CredentialError) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw CredentialError(.failed, "no memory to check a signature")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1 else {
            throw CredentialError(.failed, "a signature cannot be checked with this key")
        }
        // Whatever is not 1 is no signature; OpenSSL tells broken and wrong ones apart, and we do not.
        return unsafe EVP_DigestVerify(
            context, signature, signature.count, message, message.count) == 1
    }

    private static func check(
        modulus: [UInt8], exponent: [UInt8]
    ) throws(CredentialError) {
        let digits = modulus.drop { $0 == 0 }
        let bits = digits.count * 8 - (digits.first?.leadingZeroBitCount ?? 0)
        guard modulusBits.contains(bits) else {
            throw CredentialError(
                .unusable,
                "an RSA key must have \(modulusBits.lowerBound) to \(modulusBits.upperBound) bits, "
                    + "not \(bits)")
        }
        let value = exponent.drop { $0 == 0 }
        guard exponentBytes.contains(value.count), let last = value.last, last & 1 == 1,
            value.count > 1 || last >= 3
        else {
            throw CredentialError(
                .unusable, "the exponent of an RSA key must be odd, and from 3 to 2^32")
        }
    }
}
