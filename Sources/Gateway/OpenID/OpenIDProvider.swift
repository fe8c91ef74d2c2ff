package import Ports

/// A provider of identities, and what is needed to speak with it.
package struct OpenIDProvider {
    /// Which one, and who comes in.
    package var settings: OpenIDSettings
    /// The client's secret; `nil` if it has none.
    package var secret: String?
    /// Asks it.
    package var web: any WebClient
    /// Checks what it has signed.
    package var signatures: any SignatureChecker

    /// Makes a provider.
    package init(
        settings: OpenIDSettings, secret: String?, web: any WebClient,
        signatures: any SignatureChecker
    ) {
        self.settings = settings
        self.secret = secret
        self.web = web
        self.signatures = signatures
    }
}
