internal import WireFormats

/// Bounds of signing in with OpenID Connect; each is tested at its value and one beyond.
enum OpenIDLimits {
    /// Sign-ins that wait for somebody to come back from the provider; the oldest gives way to one more.
    static let pending = 1_000
    /// Those of one address (or one IPv6 network); its oldest gives way, so that nobody pushes out the others.
    static let pendingPerAddress = 50
    /// Seconds that somebody has at the provider.
    static let pendingSeconds = 600.0
    /// Sign-ins whose code is being exchanged at once; one more is refused.
    static let exchanges = 16
    /// Seconds for which the provider's description is believed.
    static let metadataSeconds = 3_600.0
    /// Bytes of an ID token.
    static let tokenBytes = 16_384
    /// Bytes of an authorization code.
    static let codeBytes = 4_096
    /// Keys of a provider that are looked at.
    static let keys = 64
    /// Seconds by which the provider's clock may differ from ours.
    static let skewSeconds = 60.0
    /// Seconds before now in which an ID token may have been issued: it comes straight from the provider.
    static let tokenSeconds = 600.0
    /// Bytes of a subject (OpenID Connect Core, 2).
    static let subjectBytes = 255
    /// Bytes of an e-mail address that may become a name: as many as a user's name has.
    static let emailBytes = 128
    /// Entries of ``RoleMapping``.
    static let rules = 100
    /// Bytes of an address.
    static let urlBytes = 2_048

    /// What is taken of the provider's documents and tokens.
    static let json = JsonLimits(
        maxBytes: 256 << 10, maxDepth: 16, maxMembers: 512, maxElements: 4_096,
        maxStringBytes: 32 << 10, isPython: false, refusesDuplicates: true)
}
