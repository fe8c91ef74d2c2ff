internal import COpenSSL
package import Ports

/// What is pinned of a client's certificate: its public key, until it ends.
package struct ClientCertificate: Sendable, Equatable {
    /// The public key, SubjectPublicKeyInfo in DER.
    package let key: [UInt8]
    /// When it ends, unix seconds.
    package let endsAt: Double

    /// Reads the first certificate of a file (PEM).
    ///
    /// - Parameter now: unix seconds.
    /// - Throws: what is wrong with the file; nothing of what is in it.
    package init(path: String, now: Double) throws(CredentialError) {
        guard let file = unsafe BIO_new_file(path, "r") else {
            throw Self.failure("the certificate \(path) cannot be read")
        }
        defer { unsafe BIO_free(file) }
        guard let certificate = unsafe PEM_read_bio_X509(file, nil, nil, nil) else {
            throw Self.failure("\(path) holds no certificate in PEM form")
        }
        defer { unsafe X509_free(certificate) }
        let info = unsafe X509_get_X509_PUBKEY(certificate)
        let length = Int(unsafe i2d_X509_PUBKEY(info, nil))
        guard length > 0 else { throw Self.failure("\(path) has no public key that can be read") }
        var written = 0
        key = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            var place = buffer.baseAddress
            written = Int(unsafe i2d_X509_PUBKEY(info, &place))
            count = max(0, written)
        }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard written == length,
            unsafe ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate)) == 1
        else { throw Self.failure("\(path) does not say when it ends") }
        endsAt = now + Double(days) * 86_400 + Double(seconds)
    }

    private static func failure(_ message: String) -> CredentialError {
        ERR_clear_error()
        return CredentialError(.failed, message)
    }
}
