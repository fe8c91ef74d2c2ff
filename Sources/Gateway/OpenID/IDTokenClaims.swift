internal import WireFormats

/// What a provider says of somebody who has just signed in there, once it is believed.
struct IDTokenClaims: Equatable {
    /// Who it is at the provider, for ever.
    let subject: String
    /// Their e-mail address in lower case, verified or not; `nil` if there is none, or none of plain ASCII:
    /// other letters look like those of somebody else.
    let email: String?
    /// Whether the provider says, in so many words, that the address is theirs.
    let isEmailVerified: Bool
    private let all: JsonValue

    init(subject: String, all: JsonValue) {
        self.subject = subject
        self.all = all
        email = all["email"]?.string.flatMap(Self.address)
        isEmailVerified = all["email_verified"] == true
    }

    /// The texts of a claim: one, or those of a list.
    func texts(of claim: String) -> [String] {
        let value = ExactText.member(claim, of: all)
        if let text = value?.string { return [text] }
        return value?.array?.compactMap(\.string) ?? []
    }

    /// Name for people: the address only if it is verified, or somebody could pass for somebody else.
    var name: String {
        if let email, isEmailVerified { email } else { "OpenID \(subject)" }
    }

    /// An address in lower case; `nil` if it is none.
    static func address(_ text: String) -> String? {
        guard (3...OpenIDLimits.emailBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let at = text.lastIndex(of: "@"), at != text.startIndex,
            text.index(after: at) != text.endIndex
        else { return nil }
        return text.lowercased()
    }
}
