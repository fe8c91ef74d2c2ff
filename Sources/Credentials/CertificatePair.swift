internal import COpenSSL
package import Ports

/// A certificate and its key that were read from their files and belong together.
package struct CertificatePair: Sendable, Equatable {
    /// Whole days until the certificate ends, rounded down; negative if it has.
    package let daysLeft: Int

    /// Reads both files (PEM) and checks that the key is the certificate's.
    ///
    /// - Throws: which file, and what is wrong with it; nothing of what is in it.
    package init(certificate: String, key: String) throws(CredentialError) {
        let chain = try unsafe Self.open(certificate, "certificate")
        defer { unsafe BIO_free(chain) }
        guard let first = unsafe PEM_read_bio_X509(chain, nil, nil, nil) else {
            throw Self.failure("\(certificate) holds no certificate in PEM form")
        }
        defer { unsafe X509_free(first) }
        let secret = try unsafe Self.open(key, "key")
        defer { unsafe BIO_free(secret) }
        // A key with a passphrase would be asked for on the terminal, where nobody may be.
        let parsed = unsafe PEM_read_bio_PrivateKey(secret, nil, { _, _, _, _ in -1 }, nil)
        guard let parsed = unsafe parsed else {
            throw Self.failure("\(key) holds no key in PEM form, or one with a passphrase")
        }
        defer { unsafe EVP_PKEY_free(parsed) }
        guard unsafe X509_check_private_key(first, parsed) == 1 else {
            throw Self.failure("the key \(key) does not belong to the certificate \(certificate)")
        }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(first)) == 1 else {
            throw Self.failure("\(certificate) does not say when it ends")
        }
        daysLeft = Int(days) - (seconds < 0 ? 1 : 0)
    }

    private static func open(
        _ path: String, _ what: String
    ) throws(CredentialError) -> OpaquePointer {
        guard let file = unsafe BIO_new_file(path, "r") else {
            throw failure("the \(what) \(path) cannot be read")
        }
        return unsafe file
    }

    private static func failure(_ message: String) -> CredentialError {
        ERR_clear_error()
        return CredentialError(.failed, message)
    }
}
