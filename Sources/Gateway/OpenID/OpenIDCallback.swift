/// What the provider sends by the browser's address line (RFC 6749, 4.1.2; RFC 9207). Not yet believed.
struct OpenIDCallback: Equatable {
    /// Which sign-in it is about.
    let state: String
    /// The code to exchange; otherwise the provider's name for what is wrong.
    let answer: Answer
    /// The issuer, if it is named.
    let issuer: String?

    enum Answer: Equatable {
        case code(String)
        case error(String)
    }

    /// Reads a query; `nil` if it is none of a provider.
    init?(query: String) {
        guard let parameters = queryParameters(query), let state = parameters["state"] else {
            return nil
        }
        self.state = state
        issuer = parameters["iss"]
        if let error = parameters["error"] {
            answer = .error(Self.word(error))
        } else if let code = parameters["code"],
            (1...OpenIDLimits.codeBytes).contains(code.utf8.count)
        {
            answer = .code(code)
        } else {
            return nil
        }
    }

    /// A provider's word for an error as it may stand in a log: anybody can write into an address line.
    static func word(_ text: String) -> String {
        let isWord =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == 0x5f }
        return isWord ? text : "an error without a proper name"
    }
}
