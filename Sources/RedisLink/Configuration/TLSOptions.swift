/// How a connection is encrypted and whom it trusts; TLS 1.2 is the least that is spoken.
package struct TLSOptions: Sendable, Equatable {
    /// What happens to the server's certificate (the names of `ssl_cert_reqs`).
    package enum Verification: String, Sendable {
        /// The chain must lead to a trusted authority.
        case required
        /// As `required`: a TLS server always shows a certificate, so there is nothing to leave out.
        case optional
        /// Anything is accepted. The traffic can be read by whoever sits in between.
        case none
    }

    /// What happens to the server's certificate.
    package var verification: Verification
    /// Whether the certificate must name the host we dialed; needs a verified chain.
    package var checksHostname: Bool
    /// PEM file of trusted authorities; `nil` takes the system's.
    package var authorityFile: String?
    /// PEM file of our own certificate chain, if the server asks for one.
    package var certificateFile: String?
    /// PEM file of the key of our certificate.
    package var keyFile: String?

    /// Makes options; the defaults verify everything against the system's authorities.
    package init(
        verification: Verification = .required, checksHostname: Bool = true,
        authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil
    ) {
        self.verification = verification
        self.checksHostname = checksHostname
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
