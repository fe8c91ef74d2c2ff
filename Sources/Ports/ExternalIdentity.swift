/// Somebody whom a provider of identities vouches for.
package struct ExternalIdentity: Sendable, Equatable {
    /// The provider.
    package var issuer: String
    /// Who it is there, for ever.
    package var subject: String
    /// Name for people; may change.
    package var name: String
    /// What they may do here, as the settings say now.
    package var role: Role

    /// Makes an identity.
    package init(issuer: String, subject: String, name: String, role: Role) {
        self.issuer = issuer
        self.subject = subject
        self.name = name
        self.role = role
    }
}

/// What comes of a provider's word.
package enum IdentityAnswer: Sendable, Equatable {
    /// They are in: the session's secret for the cookie, and whose it is.
    case opened(secret: String, principal: Principal)
    /// They were removed here.
    case removed
    /// A user or token of the gateway has their name.
    case nameTaken
    /// The records cannot be written.
    case failed
}
