internal import COpenSSL
package import Ports

/// Hashes and comparison, by OpenSSL's one-shot calls; no OpenSSL type leaves this file.
package enum Digest {
    /// SHA-256 (FIPS 180-4).
    ///
    /// - Returns: 32 bytes.
    package static func sha256(_ bytes: [UInt8]) throws(CredentialError) -> [UInt8] {
        try unsafe digest(bytes, EVP_sha256(), size: 32)
    }

    /// SHA-1: for UUID version 5 only, where RFC 9562 asks for it and nothing rests on its strength.
    ///
    /// - Returns: 20 bytes.
    static func sha1(_ bytes: [UInt8]) throws(CredentialError) -> [UInt8] {
        try unsafe digest(bytes, EVP_sha1(), size: 20)
    }

    /// HMAC-SHA-256 (RFC 2104).
    ///
    /// - Returns: 32 bytes.
    package static func hmacSHA256(
        key: [UInt8], message: [UInt8]
    ) throws(CredentialError) -> [UInt8] {
        try unsafe hmac(EVP_sha256(), key: key, message: message, size: 32)
    }

    /// HMAC-SHA-1 (RFC 2104): for the codes of second factors only, where RFC 6238 asks for it.
    ///
    /// - Returns: 20 bytes.
    static func hmacSHA1(key: [UInt8], message: [UInt8]) throws(CredentialError) -> [UInt8] {
        try unsafe hmac(EVP_sha1(), key: key, message: message, size: 20)
    }

    /// Whether two byte strings are equal, in a time that depends on their lengths only.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    private static func hmac(
        _ algorithm: OpaquePointer?, key: [UInt8], message: [UInt8], size: Int
    ) throws(CredentialError) -> [UInt8] {
        guard let keyLength = Int32(exactly: key.count) else {
            throw CredentialError(.failed, "HMAC: the key is too long")
        }
        var result = [UInt8](repeating: 0, count: size)
        var written: UInt32 = 0
        // SAFETY: OpenSSL reads `count` bytes of each array and writes `size`; all live until it returns.
        let made = unsafe HMAC(
            algorithm, key, keyLength, message, message.count, &result, &written)
        guard unsafe made != nil, Int(written) == size else {
            throw CredentialError(.failed, "an HMAC of \(size) bytes could not be computed")
        }
        return result
    }

    private static func digest(
        _ bytes: [UInt8], _ algorithm: OpaquePointer?, size: Int
    ) throws(CredentialError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: size)
        var written: UInt32 = 0
        // SAFETY: OpenSSL reads `count` bytes and writes `size`; both arrays live until it returns.
        let made = unsafe EVP_Digest(bytes, bytes.count, &result, &written, algorithm, nil)
        guard made == 1, Int(written) == size else {
            throw CredentialError(.failed, "a hash of \(size) bytes could not be computed")
        }
        return result
    }
}
